import type { Output } from '../output.ts';
import type { RestClient } from '../rest.ts';
import type { DatasetView, VersionView } from '../views.ts';
import { localFiles, modalityOf, tarOf } from './folder.ts';

export type PublishWish = {
  readonly path: string;
  readonly title: string;
  readonly description?: string;
  readonly keywords?: readonly string[];
  readonly licence: string;
  readonly modality?: string;
  readonly access?: 'granted' | 'members';
  readonly purposes: readonly string[];
  /** Publishes a further version of this dataset instead of registering a new one. */
  readonly dataset?: string;
};

/** Registers a dataset and publishes a folder (or file) as its version, with a progress bar in bytes. */
export async function publish(
  rest: RestClient,
  output: Output,
  wish: PublishWish,
): Promise<{ dataset: DatasetView; version: VersionView }> {
  const files = await localFiles(wish.path);
  const dataset = wish.dataset
    ? await rest.call<DatasetView>('GET', `/datasets/${wish.dataset}`)
    : await rest.call<DatasetView>('POST', '/datasets', {
        body: {
          title: wish.title,
          description: wish.description ?? '',
          keywords: [...(wish.keywords ?? [])].sort(),
          licence: wish.licence,
          modality: wish.modality ?? modalityOf(files),
          terms: { access: wish.access ?? 'granted', purposes: [...wish.purposes].sort() },
        },
      });
  const total = files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const bar = output.progress(
    `   sending ${files.length === 1 ? '1 file' : `${files.length} files`} of "${wish.title}"`,
    'KiB',
    Math.ceil(total / 1024),
  );
  try {
    const bytes = () => tarOf(files, (sent) => bar.at(Math.ceil(sent / 1024)));
    const version = await rest.call<VersionView>('POST', `/datasets/${dataset.id}/versions`, {
      stream: { type: 'application/x-tar', bytes },
    });
    return { dataset, version };
  } finally {
    bar.end();
  }
}
