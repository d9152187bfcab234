import type { Output } from '../output.ts';
import type { RestClient } from '../rest.ts';

export type RepairView = {
  readonly version: string;
  readonly state: 'auditing' | 'repairing' | 'done' | 'failed';
  readonly put: number;
  readonly toPut: number;
  readonly stuck: readonly string[];
};

const lookMs = 200;

/** Has a version repaired and shows its blocks as they are put back, until there is no more to do. */
export async function watchRepair(rest: RestClient, output: Output, id: string): Promise<RepairView> {
  let repair = await rest.call<RepairView>('POST', `/versions/${id}/repair`);
  const bar = output.progress('   repairing', 'blocks put back', 0);
  try {
    while (repair.state === 'auditing' || repair.state === 'repairing') {
      bar.at(repair.put, repair.state === 'auditing' ? 'asking storage nodes' : `of ${repair.toPut}`);
      await new Promise((resolve) => setTimeout(resolve, lookMs));
      repair = await rest.call<RepairView>('GET', `/versions/${id}/repair`);
    }
    bar.at(repair.put, repair.state);
  } finally {
    bar.end();
  }
  return repair;
}
