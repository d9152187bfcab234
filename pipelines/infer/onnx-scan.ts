import { ModelRefusal } from './model-refusal.ts';
import { walkProtobuf } from './protobuf-walk.ts';

/** What a look at an ONNX file without loading it says. */
export interface OnnxSummary {
  readonly irVersion: number;
  /** Operator set version by domain; '' is ONNX's own. */
  readonly opsets: ReadonlyMap<string, number>;
  readonly nodes: number;
  readonly initializers: number;
  readonly operators: ReadonlySet<string>;
}

const domains = new Set(['', 'ai.onnx', 'ai.onnx.ml', 'com.microsoft']);
/** Operators that load compiled contexts, keep the graph looping on a count it computes itself, or call out of the graph. */
const forbidden = new Set(['EPContext', 'Loop', 'Scan', 'PyOp', 'ATen', 'OpaqueOp']);
const limits = { nodes: 20_000, depth: 4, initializers: 20_000, sizeBytes: 2 ** 31 };
const text = new TextDecoder();

type Scan = { -readonly [key in keyof OnnxSummary]: OnnxSummary[key] } & {
  opsets: Map<string, number>;
  operators: Set<string>;
};

/**
 * Reads an ONNX model's structure (onnx.proto, IR 3 to 13) without building anything. Refuses ONNX_FORBIDDEN for external data (ONNX Runtime reads it from the working directory even for a model given as
 * bytes), foreign operator domains, operators that loop or load code, functions and training graphs, and over its limits; ONNX_INVALID for bytes that are no such message.
 */
export function scanOnnx(bytes: Uint8Array): OnnxSummary {
  if (bytes.byteLength > limits.sizeBytes) refuse('the file is larger than 2 GiB');
  const scan: Scan = { irVersion: 0, opsets: new Map(), nodes: 0, initializers: 0, operators: new Set() };
  try {
    for (const { number, value } of walkProtobuf(bytes)) {
      if (number === 1 && typeof value === 'number') scan.irVersion = value;
      else if (number === 7) scanGraph(message(value), scan, 0);
      else if (number === 8) scanOpset(message(value), scan);
      else if (number === 20) refuse('training information');
      else if (number === 25) refuse('functions of its own');
    }
  } catch (error) {
    if (error instanceof RangeError) throw new ModelRefusal('ONNX_INVALID', error.message);
    throw error;
  }
  if (scan.irVersion < 3 || scan.irVersion > 13 || scan.nodes === 0 || scan.opsets.size === 0) {
    throw new ModelRefusal('ONNX_INVALID', 'not an ONNX model');
  }
  return scan;
}

function scanOpset(bytes: Uint8Array, scan: Scan): void {
  let domain = '';
  let version = 0;
  for (const { number, value } of walkProtobuf(bytes)) {
    if (number === 1) domain = text.decode(message(value));
    else if (number === 2 && typeof value === 'number') version = value;
  }
  checkDomain(domain);
  scan.opsets.set(domain, version);
}

function scanGraph(bytes: Uint8Array, scan: Scan, depth: number): void {
  if (depth > limits.depth) refuse(`graphs nested deeper than ${limits.depth}`);
  for (const { number, value } of walkProtobuf(bytes)) {
    if (number === 1) scanNode(message(value), scan, depth);
    else if (number === 5) scanTensor(message(value), scan);
    else if (number === 15) scanSparseTensor(message(value), scan);
  }
}

function scanNode(bytes: Uint8Array, scan: Scan, depth: number): void {
  if (++scan.nodes > limits.nodes) refuse(`more than ${limits.nodes} nodes`);
  for (const { number, value } of walkProtobuf(bytes)) {
    if (number === 4) {
      const operator = text.decode(message(value));
      if (forbidden.has(operator)) refuse(`the operator ${operator}`);
      scan.operators.add(operator);
    } else if (number === 7) checkDomain(text.decode(message(value)));
    else if (number === 5) scanAttribute(message(value), scan, depth);
  }
}

function scanAttribute(bytes: Uint8Array, scan: Scan, depth: number): void {
  for (const { number, value } of walkProtobuf(bytes)) {
    if (number === 5 || number === 10) scanTensor(message(value), scan);
    else if (number === 6 || number === 11) scanGraph(message(value), scan, depth + 1);
    else if (number === 22 || number === 23) scanSparseTensor(message(value), scan);
  }
}

function scanSparseTensor(bytes: Uint8Array, scan: Scan): void {
  for (const { number, value } of walkProtobuf(bytes)) {
    if (number === 1 || number === 2) scanTensor(message(value), scan);
  }
}

function scanTensor(bytes: Uint8Array, scan: Scan): void {
  if (++scan.initializers > limits.initializers) refuse(`more than ${limits.initializers} tensors`);
  for (const { number, value } of walkProtobuf(bytes)) {
    if (number === 13 || (number === 14 && value !== 0)) refuse('weights outside the file (external_data)');
  }
}

function checkDomain(domain: string): void {
  if (!domains.has(domain)) refuse(`the operator domain ${JSON.stringify(domain.slice(0, 64))}`);
}

function message(value: number | Uint8Array): Uint8Array {
  if (typeof value === 'number') throw new RangeError('a number where a message belongs');
  return value;
}

function refuse(what: string): never {
  throw new ModelRefusal('ONNX_FORBIDDEN', `models may not have ${what}`);
}
