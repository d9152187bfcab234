import type { Row, Rows, Simulation } from '../engine/simulation.ts';
import { ChaincodeInput, ChaincodeSpec } from '../wire/proposal.ts';
import {
  ChaincodeMessage,
  GetHistoryForKey,
  GetQueryResult,
  GetState,
  GetStateByRange,
  KeyModification,
  Kv,
  PutState,
  PutStateMetadata,
  QueryId,
  QueryMetadata,
  Shim,
  StateMetadataResult,
} from '../wire/shim.ts';
import type { Execution } from './execution.ts';
import type { Queries } from './queries.ts';

const NOTHING = Buffer.alloc(0);

type Answer = Buffer | Promise<Buffer>;

/** Answers one request that a chaincode makes while it runs; throws Fabric's words where it is refused. */
export function answer(type: number, payload: Buffer, execution: Execution, queries: Queries): Answer {
  const { simulation, namespace } = execution;
  switch (type) {
    case Shim.GET_STATE:
      return getState(payload, execution) ?? NOTHING;
    case Shim.PUT_STATE: {
      const { key, value, collection } = PutState.decode(payload);
      if (collection === '') simulation.put(namespace, key, value);
      else simulation.putPrivate(namespace, writable(execution, collection), key, { value });
      return NOTHING;
    }
    case Shim.DEL_STATE: {
      const { key, collection } = GetState.decode(payload);
      if (collection === '') simulation.put(namespace, key, undefined);
      else simulation.putPrivate(namespace, writable(execution, collection), key, { value: undefined });
      return NOTHING;
    }
    case Shim.PURGE_PRIVATE_DATA: {
      const { key, collection } = GetState.decode(payload);
      if (collection === '') throw new Error('only applicable for private data');
      simulation.putPrivate(namespace, writable(execution, collection), key, { value: undefined, purge: true });
      return NOTHING;
    }
    case Shim.GET_PRIVATE_DATA_HASH: {
      const { key, collection } = GetState.decode(payload);
      return simulation.getPrivateHash(namespace, collection, key) ?? NOTHING;
    }
    case Shim.GET_STATE_METADATA:
      return getMetadata(payload, execution);
    case Shim.PUT_STATE_METADATA:
      return putMetadata(payload, execution);
    case Shim.GET_STATE_BY_RANGE:
      return getRange(payload, execution, queries);
    case Shim.GET_QUERY_RESULT:
      return getQueryResult(payload, execution);
    case Shim.GET_HISTORY_FOR_KEY:
      return getHistory(payload, namespace, simulation, queries);
    case Shim.QUERY_STATE_NEXT:
      return queries.next(QueryId.decode(payload).id);
    case Shim.QUERY_STATE_CLOSE:
      return queries.close(QueryId.decode(payload).id);
    case Shim.INVOKE_CHAINCODE:
      return invoke(payload, execution);
    default:
      throw new Error(`unknown message type ${type}`);
  }
}

function getState(payload: Buffer, execution: Execution): Buffer | undefined {
  const { key, collection } = GetState.decode(payload);
  const { simulation, namespace } = execution;
  if (collection === '') return simulation.get(namespace, key);
  return simulation.getPrivate(namespace, readable(execution, collection), key);
}

function getMetadata(payload: Buffer, execution: Execution): Buffer {
  const { key, collection } = GetState.decode(payload);
  const { simulation, namespace } = execution;
  const metadata =
    collection === ''
      ? simulation.metadata(namespace, key)
      : simulation.privateMetadata(namespace, readable(execution, collection), key);
  const entries = Object.entries(metadata ?? {}).map(([metakey, value]) => ({ metakey, value }));
  return StateMetadataResult.encode({ entries });
}

function putMetadata(payload: Buffer, execution: Execution): Buffer {
  const { key, collection, metadata } = PutStateMetadata.decode(payload);
  const { simulation, namespace } = execution;
  const entries = { [metadata?.metakey ?? '']: Buffer.from(metadata?.value ?? NOTHING) };
  if (collection === '') simulation.putMetadata(namespace, key, entries);
  else simulation.putPrivateMetadata(namespace, writable(execution, collection), key, entries);
  return NOTHING;
}

function getRange(payload: Buffer, execution: Execution, queries: Queries): Buffer {
  const { startKey, endKey, collection, metadata } = GetStateByRange.decode(payload);
  const { simulation, namespace } = execution;
  const encoded =
    (rows: Rows<Row>): Rows<Buffer> =>
    () => {
      const row = rows();
      return row && Kv.encode({ namespace, key: row.key, value: row.value });
    };
  if (collection !== '') {
    return queries.open(encoded(simulation.rangePrivate(namespace, readable(execution, collection), startKey, endKey)));
  }
  const { pageSize, bookmark } = QueryMetadata.decode(metadata);
  if (pageSize === 0 && bookmark === '') return queries.open(encoded(simulation.range(namespace, startKey, endKey)));
  const page = simulation.page(namespace, bookmark === '' ? startKey : bookmark, endKey, pageSize);
  return queries.page(encoded(page.rows), page.next);
}

function getQueryResult(payload: Buffer, execution: Execution): Buffer {
  const { collection } = GetQueryResult.decode(payload);
  if (collection !== '') readable(execution, collection);
  throw new Error('ExecuteQuery not supported for leveldb');
}

function getHistory(payload: Buffer, namespace: string, simulation: Simulation, queries: Queries): Buffer {
  const rows = simulation.history(namespace, GetHistoryForKey.decode(payload).key);
  return queries.open(() => {
    const entry = rows();
    if (entry === undefined) return undefined;
    const { txId, value, timestamp } = entry;
    return KeyModification.encode({ txId, value, timestamp, isDelete: value === undefined });
  });
}

/** The answer is a `ChaincodeMessage` inside a `ChaincodeMessage`. */
async function invoke(payload: Buffer, { invoke: run, txId, channelId }: Execution): Promise<Buffer> {
  const { chaincodeId, input } = ChaincodeSpec.decode(payload);
  const outcome = await run(chaincodeId?.name ?? '', input ?? ChaincodeInput.decode(NOTHING));
  const type = outcome.completed ? Shim.COMPLETED : Shim.ERROR;
  return ChaincodeMessage.encode({ type, payload: outcome.payload, txId, channelId });
}

function readable({ access, namespace }: Execution, collection: string): string {
  if (access(collection).read) return collection;
  throw new Error(
    `tx creator does not have read access permission on privatedata in chaincodeName:${namespace} collectionName: ${collection}`,
  );
}

function writable({ access, namespace }: Execution, collection: string): string {
  if (access(collection).write) return collection;
  throw new Error(
    `tx creator does not have write access permission on privatedata in chaincodeName:${namespace} collectionName: ${collection}`,
  );
}
