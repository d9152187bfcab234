import { z } from 'zod';

/** Which of an organization's two authorities: the one that issues signers, or the one for TLS. */
export const authorityParams = z.strictObject({ authority: z.enum(['signing', 'tls']) });
