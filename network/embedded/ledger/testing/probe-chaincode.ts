import shim, { type ChaincodeInterface, type ChaincodeStub, type Iterators } from 'fabric-shim';

type Args = readonly string[];
type Operation = (stub: ChaincodeStub, args: Args) => Promise<string | Uint8Array>;

const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString();

async function drain<T>(iterator: Iterators.CommonIterator<T>): Promise<T[]> {
  const all: T[] = [];
  for (let next = await iterator.next(); ; next = await iterator.next()) {
    if (next.value !== undefined && next.value !== null) all.push(next.value);
    if (next.done) break;
  }
  await iterator.close();
  return all;
}

/** Every request that a chaincode can make of a peer, one operation each. */
const operations: Readonly<Record<string, Operation>> = {
  put: async (stub, [key, value]) => {
    await stub.putState(key!, Buffer.from(value!));
    return 'ok';
  },
  get: (stub, [key]) => stub.getState(key!),
  del: async (stub, [key]) => {
    await stub.deleteState(key!);
    return 'ok';
  },
  upd: async (stub, [key, value]) => {
    const before = text(await stub.getState(key!));
    await stub.putState(key!, Buffer.from(`${value}${before.length}`));
    stub.setEvent('upd', Buffer.from(key!));
    return before;
  },
  fail: async (_, [message]) => {
    throw new Error(message);
  },
  nondet: async (stub, [key]) => {
    await stub.putState(key!, Buffer.from(String(Math.random())));
    return 'ok';
  },
  count: async (stub, [from, to, key]) => {
    const rows = await drain(await stub.getStateByRange(from!, to!));
    if (key !== undefined) await stub.putState(key, Buffer.from(String(rows.length)));
    return String(rows.length);
  },
  page: async (stub, [from, to, size, bookmark]) => {
    const { iterator, metadata } = await stub.getStateByRangeWithPagination(from!, to!, Number(size), bookmark);
    const keys = (await drain(iterator)).map((row) => row.key);
    return JSON.stringify({ keys, fetched: metadata.fetchedRecordsCount, bookmark: metadata.bookmark });
  },
  hist: async (stub, [key]) => {
    const rows = await drain(await stub.getHistoryForKey(key!));
    return JSON.stringify(rows.map(({ isDelete, value }) => [isDelete, text(value)]));
  },
  ryw: async (stub, [key, value]) => {
    await stub.putState(key!, Buffer.from(value!));
    return stub.getState(key!);
  },
  sbe: async (stub, [key, ...mspIds]) => {
    const policy = new shim.KeyEndorsementPolicy();
    policy.addOrgs('MEMBER', ...mspIds);
    await stub.setStateValidationParameter(key!, policy.getPolicy());
    return 'ok';
  },
  sbeOf: async (stub, [key]) => {
    const policy: Uint8Array | undefined = await stub.getStateValidationParameter(key!);
    return policy === undefined || policy === null ? '' : Buffer.from(policy).toString('hex');
  },
  pput: async (stub, [collection, key]) => {
    await stub.putPrivateData(collection!, key!, stub.getTransient().get('v')!);
    return 'ok';
  },
  pget: (stub, [collection, key]) => stub.getPrivateData(collection!, key!),
  phash: async (stub, [collection, key]) =>
    Buffer.from((await stub.getPrivateDataHash(collection!, key!)) ?? []).toString('hex'),
  pdel: async (stub, [collection, key]) => {
    await stub.deletePrivateData(collection!, key!);
    return 'ok';
  },
  ppurge: async (stub, [collection, key]) => {
    await stub.purgePrivateData(collection!, key!);
    return 'ok';
  },
  prange: async (stub, [collection, from, to]) => {
    const rows: string[] = [];
    for await (const { key } of stub.getPrivateDataByRange(collection!, from!, to!)) rows.push(key);
    return rows.join(' ');
  },
  call: async (stub, [chaincode, ...args]) => {
    const { status, payload, message } = await stub.invokeChaincode(chaincode!, [...args], '');
    return `${status} ${text(payload ?? new Uint8Array())} ${message}`;
  },
  query: async (stub, [query]) => {
    await stub.getQueryResult(query!);
    return 'ok';
  },
  big: async (_, [size]) => 'x'.repeat(Number(size)),
  who: async (stub) => stub.getCreator().mspid,
};

/** A chaincode without a contract framework, so that its answers are the shim's and the peer's alone. */
export const probe: ChaincodeInterface = {
  Init: async () => shim.success(),
  Invoke: async (stub) => {
    const { fcn, params } = stub.getFunctionAndParameters();
    const operation = operations[fcn];
    if (operation === undefined) return shim.error(`no operation ${fcn}`);
    try {
      return shim.success(Buffer.from(await operation(stub, params)));
    } catch (cause) {
      return shim.error((cause as Error).message);
    }
  },
};
