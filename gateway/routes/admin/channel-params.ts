import { z } from 'zod';

/** The name of a channel, as Fabric takes it. */
export const channelName = z
  .string()
  .max(249)
  .regex(/^[a-z][a-z0-9.-]*$/, 'must be the name of a channel');

export const channelParams = z.strictObject({ channel: channelName });
