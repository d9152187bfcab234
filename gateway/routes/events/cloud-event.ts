import type { DomainEvent } from '@d-cloud/chaincode/domain';
import type { EventPosition, RecordedEvent } from '../../projection/index.ts';
import { rowsOf } from '../../projection/rows.ts';

/** CloudEvents 1.0 in its JSON form. */
export type CloudEvent = {
  readonly specversion: '1.0';
  readonly id: string;
  readonly source: string;
  readonly type: string;
  readonly subject: string;
  readonly time: string;
  readonly datacontenttype: 'application/json';
  readonly data: DomainEvent & { readonly transaction: string; readonly block: number };
};

export function cloudEventOf(recorded: RecordedEvent, channel: string): CloudEvent {
  const { event, time, transactionId, block } = recorded;
  return {
    specversion: '1.0',
    id: eventId(recorded, channel),
    source: `fabric://${channel}/dcloud`,
    type: `dcloud.${event.kind}`,
    subject: rowsOf(event)[0]?.id ?? '',
    time,
    datacontenttype: 'application/json',
    data: { ...event, transaction: transactionId, block },
  };
}

export function eventId({ block, transaction, index }: EventPosition, channel: string): string {
  return `${channel}:${block}:${transaction}:${index}`;
}

export function readEventId(id: string, channel: string): EventPosition | undefined {
  const [, name, block, transaction, index] = /^(.{1,249}):(\d{1,15}):(\d{1,9}):(\d{1,9})$/.exec(id) ?? [];
  return name === channel
    ? { block: Number(block), transaction: Number(transaction), index: Number(index) }
    : undefined;
}
