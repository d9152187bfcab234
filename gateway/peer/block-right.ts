import { type AccessId, type DatasetId, isId, type JobId, type VersionId } from '@d-cloud/chaincode/domain';

/** Why another organization may touch blocks on our nodes, as the header `D-Cloud-Right` says it. */
export type BlockRight =
  | { readonly kind: 'publish'; readonly dataset: DatasetId; readonly version: VersionId }
  | { readonly kind: 'claim'; readonly job: JobId; readonly partition: number; readonly token: number }
  | { readonly kind: 'job'; readonly job: JobId }
  | { readonly kind: 'access'; readonly access: AccessId }
  | { readonly kind: 'own'; readonly version: VersionId };

const count = /^(0|[1-9][0-9]{0,8})$/;

/** Writes a right as its header: words separated by one space. */
export function writeBlockRight(right: BlockRight): string {
  switch (right.kind) {
    case 'publish':
      return `publish ${right.dataset} ${right.version}`;
    case 'claim':
      return `claim ${right.job} ${right.partition} ${right.token}`;
    case 'job':
      return `job ${right.job}`;
    case 'access':
      return `access ${right.access}`;
    case 'own':
      return `own ${right.version}`;
  }
}

/** Reads the header, or answers nothing where it is not exactly one of the forms. */
export function readBlockRight(header: string | undefined): BlockRight | undefined {
  const [kind, first, second, third, ...rest] = header?.split(' ') ?? [];
  if (rest.length > 0) return undefined;
  if (kind === 'publish' && third === undefined && isId('dset', first) && isId('vers', second)) {
    return { kind, dataset: first, version: second };
  }
  if (kind === 'claim' && isId('job', first) && count.test(second ?? '') && count.test(third ?? '')) {
    return { kind, job: first, partition: Number(second), token: Number(third) };
  }
  if (kind === 'job' && second === undefined && isId('job', first)) return { kind, job: first };
  if (kind === 'access' && second === undefined && isId('accs', first)) return { kind, access: first };
  if (kind === 'own' && second === undefined && isId('vers', first)) return { kind, version: first };
  return undefined;
}
