export { measureStages, type Stage, sharesOf } from './stages.ts';
