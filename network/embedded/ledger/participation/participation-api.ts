import type { Participation } from '../channels/channels.ts';
import { type JoinBlock, readJoinBlock } from '../channels/join-block.ts';
import { JoinRefused } from '../front/door.ts';
import { Block } from '../wire/envelope.ts';
import { type FormPart, readForm } from './form.ts';

/** What channel participation needs of one organization's orderer. */
export interface ParticipatingOrderer {
  channels(): readonly string[];
  participation(channel: string): Participation | undefined;
  join(block: JoinBlock): Promise<Participation>;
  /** False where it takes part in no such channel. */
  leave(channel: string): Promise<boolean>;
}

/** A request as far as it matters here. */
export interface ApiRequest {
  readonly method: string;
  readonly path: string;
  readonly contentType: string | undefined;
  readonly accept: string | undefined;
  readonly body: AsyncIterable<Buffer>;
}

export interface ApiAnswer {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** JSON; nothing for an empty body. */
  readonly body?: unknown;
}

const BASE = '/participation/v1/channels';
/** Fabric's `ChannelParticipation.MaxRequestBodySize`. */
const MAX_BODY_BYTES = 1 << 20;
const FORM_KEY = 'config-block';

const failed = (status: number, error: string, headers?: Record<string, string>): ApiAnswer => ({
  status,
  body: { error },
  ...(headers === undefined ? {} : { headers }),
});

/** Fabric's channel participation API (fabric `orderer/common/channelparticipation`), with its statuses and its texts. */
export async function participationAnswer(request: ApiRequest, orderer: ParticipatingOrderer): Promise<ApiAnswer> {
  const { method, path } = request;
  if (path === '/participation/v1/' && method === 'GET') return { status: 302, headers: { location: BASE } };
  if (path === BASE) return ofAll(request, orderer);
  const channel = path.startsWith(`${BASE}/`) ? path.slice(BASE.length + 1) : '';
  if (channel === '' || channel.includes('/')) return { status: 404 };
  return ofOne(unescaped(channel), request, orderer);
}

/** What is wrongly escaped stays as it is, and is no channel's name. */
function unescaped(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

async function ofAll(request: ApiRequest, orderer: ParticipatingOrderer): Promise<ApiAnswer> {
  const { method, contentType } = request;
  if (method === 'GET') {
    if (!takesJson(request)) return notAcceptable;
    const channels = orderer.channels().map((name) => ({ name, url: `${BASE}/${name}` }));
    return ok({ systemChannel: null, channels: channels.length === 0 ? null : channels });
  }
  if (method !== 'POST') return notAllowed(`invalid request method: ${method}`, 'GET, POST');
  if (contentType?.startsWith('multipart/form-data') !== true) {
    return failed(400, `unsupported Content-Type: [${contentType ?? ''}]`);
  }
  return takesJson(request) ? join(request, contentType, orderer) : notAcceptable;
}

async function ofOne(channel: string, request: ApiRequest, orderer: ParticipatingOrderer): Promise<ApiAnswer> {
  const { method } = request;
  if (method !== 'GET' && method !== 'DELETE') {
    return notAllowed(`invalid request method: ${method}`, 'GET, DELETE');
  }
  if (!takesJson(request)) return notAcceptable;
  const illegal = illegalName(channel);
  if (illegal !== undefined) return failed(400, `invalid channel ID: ${illegal}`);
  if (method === 'DELETE') {
    return (await orderer.leave(channel)) ? { status: 204 } : failed(404, 'cannot remove: channel does not exist');
  }
  const found = orderer.participation(channel);
  return found === undefined ? failed(404, 'channel does not exist') : ok(described(found));
}

async function join(request: ApiRequest, contentType: string, orderer: ParticipatingOrderer): Promise<ApiAnswer> {
  let parts: readonly FormPart[];
  try {
    parts = await readForm(request.body, contentType, MAX_BODY_BYTES);
  } catch (cause) {
    return failed(400, `cannot read form from request body: ${(cause as Error).message}`);
  }
  const file = parts.find(({ name, isFile }) => name === FORM_KEY && isFile);
  if (file === undefined) return failed(400, `form does not contains part key: ${FORM_KEY}`);
  if (parts.length !== 1) return failed(400, 'form contains too many parts');
  const bytes = file.content;
  try {
    Block.decode(bytes);
  } catch (cause) {
    return failed(400, `cannot unmarshal file part ${FORM_KEY} into a block: ${(cause as Error).message}`);
  }
  let block: JoinBlock;
  try {
    block = readJoinBlock(bytes);
  } catch (cause) {
    return failed(400, `invalid join block: ${(cause as Error).message}`);
  }
  try {
    const joined = described(await orderer.join(block));
    return { status: 201, headers: { location: joined.url }, body: joined };
  } catch (cause) {
    if (!(cause instanceof JoinRefused)) throw cause;
    const why = `cannot join: ${cause.message}`;
    return cause.exists ? notAllowed(why, 'GET, DELETE') : failed(400, why);
  }
}

const described = ({ name, consensusRelation, status, height }: Participation) => ({
  name,
  url: `${BASE}/${name}`,
  consensusRelation,
  status,
  height,
});
const ok = (body: unknown): ApiAnswer => ({ status: 200, headers: { 'cache-control': 'no-store' }, body });
const notAllowed = (error: string, allow: string): ApiAnswer => failed(405, error, { allow });
const notAcceptable = failed(406, 'response Content-Type is application/json only');

const takesJson = ({ accept }: ApiRequest): boolean =>
  accept === undefined || /application\/json|application\/\*|\*\/\*/.test(accept);

function illegalName(channel: string): string | undefined {
  if (channel.length > 249) return 'channel ID illegal, cannot be longer than 249';
  return /^[a-z][a-z0-9.-]*$/.test(channel) ? undefined : `'${channel}' contains illegal characters`;
}
