import type { RealPrograms } from './real-programs.ts';

/** What the Jest configuration of this folder found on the machine before the tests began. */
export const { realPrograms } = globalThis as unknown as { readonly realPrograms: RealPrograms };
