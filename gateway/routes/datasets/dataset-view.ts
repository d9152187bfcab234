import type { DatasetRecord } from '@d-cloud/chaincode/domain';
import type { ReadModel, Recorded } from '../../projection/index.ts';
import { viewOf } from '../schemas/page.ts';

/** A dataset with what its catalogue card tells people. The card's salt stays inside. */
export function datasetViewOf(recorded: Recorded<DatasetRecord>, readModel: ReadModel) {
  const card = readModel.card(recorded.record.id);
  if (card === undefined) return viewOf(recorded);
  const { title, description, keywords, licence } = card;
  return { ...viewOf(recorded), card: { title, description, keywords: [...keywords], licence } };
}
