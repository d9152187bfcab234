import { type CatalogueCard, canonicalBytes, cardCommitment } from '@d-cloud/chaincode/domain';
import { z } from 'zod';
import { route } from '../../http/route.ts';
import { find } from '../find.ts';
import { setOf, text } from '../schemas/ids.ts';
import { datasetTerms, datasetView, modality } from '../schemas/records.ts';
import { datasetViewOf } from './dataset-view.ts';

export const registerDataset = route({
  method: 'post',
  path: '/v1/datasets',
  operation: 'dataset.register',
  summary: 'Register a dataset with its terms and catalogue card',
  scope: 'datasets:write',
  idempotent: true,
  status: 201,
  refusals: ['ROLE_MISSING', 'PURPOSE_UNKNOWN', 'PURPOSES_NOT_DEFINED', 'RECORD_INVALID'],
  body: z.strictObject({
    title: text(1, 200),
    description: text(0, 4_000).default(''),
    keywords: setOf(text(1, 64), 0, 32).default([]),
    licence: text(1, 200).describe('SPDX id or the name of the licence'),
    modality: modality.exclude(['results']),
    terms: datasetTerms,
    publicTitle: z
      .boolean()
      .default(false)
      .describe("Write the title into the channel's history too, where it cannot be removed again"),
  }),
  response: datasetView,
  async handle({ body, mint, derive, submit }, { readModel }) {
    const { title, description, keywords, licence, terms, publicTitle } = body;
    const id = mint('dset');
    // The salt keeps a commitment to a guessable title from being guessed.
    const salt = Buffer.from(derive('card-salt')).toString('hex');
    const card: CatalogueCard = { v: 1, dataset: id, salt, title, description, keywords, licence };
    await submit(
      'dataset:register',
      {
        id,
        modality: body.modality,
        terms,
        cardCommitment: cardCommitment(card),
        ...(publicTitle && { publicTitle: title }),
      },
      { transient: { card: canonicalBytes(card) } },
    );
    return { body: datasetViewOf(find(readModel, 'dataset', id), readModel), location: `/v1/datasets/${id}` };
  },
});
