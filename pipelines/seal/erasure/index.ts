export { ErasureCode, type KernelKind } from './erasure-code.ts';
export { checkScheme, recoveryRows, type Scheme, schemeRow } from './matrix.ts';
export { recoverSlowly } from './reference.ts';
