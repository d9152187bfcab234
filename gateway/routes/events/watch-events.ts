import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { z } from 'zod';
import { Rejection } from '../../http/problem.ts';
import { route } from '../../http/route.ts';
import type { EventPosition, RecordedEvent } from '../../projection/index.ts';
import { cloudEventOf, eventId, readEventId } from './cloud-event.ts';

const heartbeatMs = 15_000;

export const watchEvents = route({
  method: 'get',
  path: '/v1/events',
  operation: 'event.watch',
  summary: 'Watch what happens on the channel, as server-sent CloudEvents; resumes after Last-Event-ID',
  scope: 'events:read',
  idempotent: false,
  raw: true,
  produces: ['text/event-stream'],
  query: z.strictObject({
    kinds: z
      .string()
      .regex(/^[a-z-]+(\.[a-z-]+)?(,[a-z-]+(\.[a-z-]+)?){0,31}$/, 'must be kinds such as grant.issued,job')
      .optional()
      .describe('Kinds, or the words before their dot, separated by commas'),
    from: z.enum(['oldest', 'newest']).default('newest').describe('Where to begin without Last-Event-ID'),
  }),
  async handle({ query, signal }, { config, readModel }, { incoming, outgoing }) {
    const last = incoming.headers['last-event-id'];
    const after =
      last === undefined
        ? query.from === 'newest'
          ? readModel.head
          : undefined
        : positionOf(String(last), config.channel);
    const kinds = query.kinds?.split(',');
    const wanted = ({ visible, event }: RecordedEvent) =>
      visible &&
      (kinds === undefined || kinds.some((kind) => event.kind === kind || event.kind.startsWith(`${kind}.`)));
    outgoing.writeHead(200, {
      'Content-Type': 'text/event-stream',
      'Cache-Control': 'no-store',
      'X-Accel-Buffering': 'no',
    });
    outgoing.write(': watching\n\n');
    const heartbeat = setInterval(() => outgoing.write(': heartbeat\n\n'), heartbeatMs);
    try {
      for await (const recorded of readModel.events({ ...(after !== undefined && { after }), signal })) {
        if (!wanted(recorded)) continue;
        const data = JSON.stringify(cloudEventOf(recorded, config.channel));
        await write(
          outgoing,
          `id: ${eventId(recorded, config.channel)}\nevent: ${recorded.event.kind}\ndata: ${data}\n\n`,
          signal,
        );
      }
    } finally {
      clearInterval(heartbeat);
      outgoing.end();
    }
    return undefined;
  },
});

function positionOf(id: string, channel: string): EventPosition {
  const position = readEventId(id, channel);
  if (position === undefined)
    throw new Rejection('CURSOR_INVALID', 'Last-Event-ID is not one of this channel: channel:block:transaction:index.');
  return position;
}

/** A slow reader slows its own stream only: nothing is read from the read model until its socket has room. */
async function write(outgoing: ServerResponse, text: string, signal: AbortSignal): Promise<void> {
  if (!outgoing.write(text)) await once(outgoing, 'drain', { signal }).catch(() => undefined);
}
