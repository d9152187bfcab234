import { z } from 'zod';
import { idOf } from '../schemas/ids.ts';

/** A model's version in a path: the model's id and the version's number. */
export const modelVersionParams = z.strictObject({
  id: idOf('modl'),
  number: z
    .string()
    .regex(/^[1-9]\d{0,7}$/, 'must be a version number')
    .transform(Number)
    .meta({ override: { type: 'integer', minimum: 1 } }),
});
