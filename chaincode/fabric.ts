/**
 * The one door to fabric-contract-api and fabric-shim: their decorators and classes are CommonJS and not visible to ES named imports,
 * and what the router says when it fails is put into our words here.
 */
import { createRequire } from 'node:module';
// The compiler writes the types of decorated methods with it.
import 'reflect-metadata';
import { evaluateShapes, Refusal, readRefusal, submitShapes } from './domain/index.ts';

// They read their log levels from the environment while they are loaded, so they are loaded after this.
process.env.CORE_CHAINCODE_LOGGING_SHIM ??= 'error';
process.env.CORE_CHAINCODE_LOGGING_LEVEL ??= 'error';
const load = createRequire(import.meta.url);
const fabric: typeof import('fabric-contract-api') = load('fabric-contract-api');
const shim: typeof import('fabric-shim') = load('fabric-shim');
/** Routes `contract:verb` to contract classes; what fabric-shim's own launcher uses, without types. */
const Router: RouterClass = load('fabric-shim/lib/contract-spi/chaincodefromcontract.js');

// Both log every refusal as an error; a refusal is an answer. What breaks is logged where it is caught.
const { getLogger } = load('fabric-shim/lib/logger.js') as { getLogger(name: string): Logger };
getLogger('contracts-spi/chaincodefromcontract.js').silent = true;
const handlerLog = getLogger('lib/handler.js');
const logError = handlerLog.error.bind(handlerLog);
handlerLog.error = (message, ...rest) => {
  if (!/ returned error response \[/.test(message)) logError(message, ...rest);
};

export const { Context, Contract, Info, Returns, Transaction } = fabric;
export type Context = import('fabric-contract-api').Context;
export type Stub = Context['stub'];
export type Identity = Context['clientIdentity'];
export const { KeyEndorsementPolicy } = shim;

type Logger = { silent: boolean; error(message: string, ...rest: unknown[]): void };
type ServerOptions = Parameters<typeof shim.Shim.server>[1];
type Answer = { readonly status: number; readonly message: string; readonly payload: Uint8Array };
type Marshal = {
  handleParameters(transaction: { readonly parameters?: readonly unknown[] }, given: readonly Buffer[]): string[];
  toWireBuffer(result: unknown): Buffer;
};
type RouterClass = new (
  contracts: readonly unknown[],
  serializers: { readonly transaction: string; readonly serializers: object },
  metadata: object,
  title: string,
  version: string,
) => {
  Init(stub: Stub): Promise<Answer>;
  Invoke(stub: Stub): Promise<Answer>;
  invokeFunctionality(stub: Stub): Promise<Answer>;
  _dataMarshall(): Marshal;
};

/** Arguments are text, results are text that is JSON already: nothing is converted, nothing is compiled per call. */
const plain: Marshal = {
  handleParameters({ parameters = [] }, given) {
    if (given.length !== parameters.length) {
      throw new Refusal('RECORD_INVALID', `the transaction takes ${parameters.length} arguments, not ${given.length}`);
    }
    try {
      return given.map((bytes) => new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
    } catch {
      throw new Refusal('RECORD_INVALID', 'the arguments are not UTF-8');
    }
  },
  // Only the router's own answer to GetMetadata is not text already.
  toWireBuffer: (result) => Buffer.from(typeof result === 'string' ? result : JSON.stringify(result)),
};

/** The chaincode as peers call it. Every failure leaves as `CODE: sentence`, and none carries more than that. */
export class Chaincode extends Router {
  constructor(contracts: readonly unknown[]) {
    super([...contracts], { transaction: 'json', serializers: { json: fabric.JSONSerializer } }, {}, 'dcloud', '1');
  }

  override _dataMarshall(): Marshal {
    return plain;
  }

  override async invokeFunctionality(stub: Stub): Promise<Answer> {
    const name = stub.getArgs()[0] ?? '';
    if (!isTransaction(name)) {
      const sentence = `RECORD_INVALID: there is no transaction ${JSON.stringify(name.slice(0, 64))}`;
      return shim.Shim.error(sentence) as Answer;
    }
    const answer = await super.invokeFunctionality(stub);
    if (answer.status < 400 || readRefusal(answer.message) !== undefined || /^[A-Z]+: /.test(answer.message))
      return answer;
    return { ...answer, message: 'INTERNAL: the transaction broke inside the chaincode' };
  }
}

/** The names of our table and the metadata that Fabric's own tools ask for. */
function isTransaction(name: string): boolean {
  return (
    Object.hasOwn(submitShapes, name) ||
    Object.hasOwn(evaluateShapes, name) ||
    name === 'org.hyperledger.fabric:GetMetadata'
  );
}

/** A server that peers connect to; `start` resolves once it listens. */
export function serveChaincode(chaincode: Chaincode, options: ServerOptions): { start(): Promise<void> } {
  // It starts a gRPC server that has started with its port, which grpc-js calls deprecated, in a log that is otherwise JSON.
  process.noDeprecation = true;
  return shim.Shim.server(chaincode, options);
}
