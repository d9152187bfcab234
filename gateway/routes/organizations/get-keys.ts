import { z } from 'zod';
import { route } from '../../http/route.ts';
import { idOf } from '../schemas/ids.ts';

const whole = z.int().min(0);

export const getKeys = route({
  method: 'get',
  path: '/v1/organizations/own/keys',
  operation: 'organization.getKeys',
  summary: "Show how far your datasets' keys have followed their epochs after revokes and rotations; no key is in it",
  scope: 'consortium:read',
  idempotent: false,
  response: z.object({
    /** Whether everything is wrapped under the newest keys, and older ones are destroyed. */
    settled: z.boolean(),
    organizationEpoch: whole,
    recoverable: z.boolean(),
    /** Versions that a hard revoke wants sealed anew, and those whose old blocks are not known to be gone everywhere. */
    resealing: z.object({ due: z.array(idOf('vers')), clearing: z.array(idOf('vers')) }),
    datasets: z.array(
      z.object({
        dataset: idOf('dset'),
        epoch: whole,
        versions: whole,
        behind: whole,
        older: z.array(whole),
      }),
    ),
  }),
  async handle(_request, { config, rotator, resealer }) {
    const { organizationEpoch, datasets, settled } = rotator.progress();
    const { due, clearing } = resealer.progress();
    return {
      body: {
        settled: settled && due.length === 0 && clearing.length === 0,
        resealing: { due: [...due], clearing: [...clearing] },
        organizationEpoch,
        recoverable: config.recoveryKey !== undefined,
        datasets: datasets.map((one) => ({ ...one, older: [...one.older] })),
      },
    };
  },
});
