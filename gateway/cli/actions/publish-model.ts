import { readModelFolder } from '@d-cloud/pipelines/infer';
import type { Output } from '../output.ts';
import type { RestClient } from '../rest.ts';
import type { ModelView, VersionView } from '../views.ts';
import { publish } from './publish.ts';

export type PublishedModel = { readonly model: ModelView; readonly version: VersionView; readonly digest: string };

/** Publishes a model folder (`card.json` and the files it names) as a sealed dataset and registers it as a model. */
export async function publishModel(
  rest: RestClient,
  output: Output,
  wish: { readonly path: string; readonly access: 'granted' | 'members'; readonly purposes: readonly string[] },
): Promise<PublishedModel> {
  const { card, digest: cardDigest } = await readModelFolder(wish.path);
  const weights = Object.values(card.files).find(({ role }) => role === 'weights');
  if (weights === undefined) throw new Error(`The card in ${wish.path} names no weights`);
  const { dataset, version } = await publish(rest, output, {
    ...wish,
    title: card.title,
    description: card.description,
    licence: String(card.licence.spdx ?? 'see card'),
    keywords: [card.task, card.class],
    modality: 'model',
  });
  const body = { dataset: dataset.id, name: card.name, task: card.task };
  const model = await rest.call<ModelView>('POST', '/models', { body });
  await rest.call('POST', `/models/${model.id}/versions`, {
    body: { version: version.id, digest: weights.sha256, cardDigest },
  });
  return { model, version, digest: weights.sha256 };
}
