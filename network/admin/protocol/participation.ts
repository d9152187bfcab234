import { randomBytes } from 'node:crypto';
import { type RequestOptions, request } from 'node:https';
import { z } from 'zod';
import { Fault } from '../../ledger/fault.ts';

/** An orderer's administration endpoint (HTTPS with client certificates), and the certificate that may use it. */
export interface OrdererAdmin {
  /** `host:port` of the admin listener, not of the gRPC one. */
  readonly address: string;
  readonly tlsRoots: readonly string[];
  readonly tlsServerName?: string;
  /** PEM. */
  readonly certificate: string;
  /** PKCS#8 PEM. */
  readonly key: string;
}

const ChannelInfo = z.object({
  name: z.string(),
  consensusRelation: z.enum(['consenter', 'follower', 'config-tracker', 'other']),
  status: z.enum(['active', 'onboarding', 'inactive', 'failed']),
  height: z.number(),
});
/** How an orderer takes part in a channel. */
export type ChannelInfo = z.infer<typeof ChannelInfo>;
const ChannelList = z.object({ channels: z.array(z.object({ name: z.string() })).nullish() });
const ErrorAnswer = z.object({ error: z.string() });

const base = '/participation/v1/channels';
const answerMs = 30_000;
const mostAnswerBytes = 1 << 20;

interface Answer {
  readonly status: number;
  readonly body: unknown;
}

function call(admin: OrdererAdmin, method: string, path: string, block?: Uint8Array): Promise<Answer> {
  const colon = admin.address.lastIndexOf(':');
  const boundary = randomBytes(16).toString('hex');
  const body = block === undefined ? undefined : multipart(block, boundary);
  const options: RequestOptions = {
    host: admin.address.slice(0, colon),
    port: Number(admin.address.slice(colon + 1)),
    method,
    path: base + path,
    ca: [...admin.tlsRoots],
    cert: admin.certificate,
    key: admin.key,
    timeout: answerMs,
    ...(admin.tlsServerName === undefined ? {} : { servername: admin.tlsServerName }),
    headers:
      body === undefined
        ? {}
        : { 'content-type': `multipart/form-data; boundary=${boundary}`, 'content-length': body.length },
  };
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown) =>
      reject(new Fault('unavailable', `the orderer's administration at ${admin.address} cannot be reached`, { cause }));
    const sent = request(options, (response) => {
      const parts: Buffer[] = [];
      let size = 0;
      response.on('data', (part: Buffer) => {
        size += part.length;
        if (size > mostAnswerBytes) response.destroy(new Error('the answer is too long'));
        else parts.push(part);
      });
      response.on('error', fail);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: parsed(Buffer.concat(parts)) }));
    });
    sent.on('timeout', () => sent.destroy(new Error('no answer')));
    sent.on('error', fail);
    sent.end(body);
  });
}

function parsed(bytes: Buffer): unknown {
  if (bytes.length === 0) return undefined;
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch {
    return bytes.toString('utf8');
  }
}

function multipart(block: Uint8Array, boundary: string): Buffer {
  const head =
    `--${boundary}\r\nContent-Disposition: form-data; name="config-block"; filename="config.block"\r\n` +
    'Content-Type: application/octet-stream\r\n\r\n';
  return Buffer.concat([Buffer.from(head), block, Buffer.from(`\r\n--${boundary}--\r\n`)]);
}

function refused(admin: OrdererAdmin, doing: string, { status, body }: Answer): Fault {
  const { data } = ErrorAnswer.safeParse(body);
  return new Fault(
    'misconfigured',
    `${doing} at the orderer ${admin.address}: ${data?.error ?? 'refused'} (HTTP ${status})`,
  );
}

/** The channels that an orderer takes part in. */
export async function listChannels(admin: OrdererAdmin): Promise<string[]> {
  const answer = await call(admin, 'GET', '');
  if (answer.status !== 200) throw refused(admin, 'listing channels', answer);
  return (ChannelList.parse(answer.body).channels ?? []).map(({ name }) => name);
}

/** How an orderer takes part in a channel, or undefined where it does not. */
export async function channelInfo(admin: OrdererAdmin, channel: string): Promise<ChannelInfo | undefined> {
  const answer = await call(admin, 'GET', `/${encodeURIComponent(channel)}`);
  if (answer.status === 404) return undefined;
  if (answer.status !== 200) throw refused(admin, `looking at ${channel}`, answer);
  return ChannelInfo.parse(answer.body);
}

/** Lets an orderer join: a new channel by its genesis block, a running one by its newest config block. Joined is fine. */
export async function joinOrderer(admin: OrdererAdmin, channel: string, block: Uint8Array): Promise<ChannelInfo> {
  const answer = await call(admin, 'POST', '', block);
  if (answer.status === 201) return ChannelInfo.parse(answer.body);
  const joined = answer.status === 405 ? await channelInfo(admin, channel) : undefined;
  if (joined === undefined) throw refused(admin, `joining ${channel}`, answer);
  return joined;
}

/** Takes an orderer out of a channel on its side; the channel's consenters are changed by a config update before. */
export async function leaveOrderer(admin: OrdererAdmin, channel: string): Promise<void> {
  const answer = await call(admin, 'DELETE', `/${encodeURIComponent(channel)}`);
  if (![204, 404, 409].includes(answer.status)) throw refused(admin, `leaving ${channel}`, answer);
}
