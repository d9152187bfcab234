import { type MspId, Refusal, type SubmitName, type Submits } from '@d-cloud/chaincode/domain';
import { type Departure, type DeparturePowers, departureOf, departureOnLedger, departureWork } from './departure.ts';

export type Advance = {
  readonly reason: string;
  /** Ask for the expulsion of an organization that is gone and cannot leave by itself. */
  readonly expel?: boolean | undefined;
  /** Leave although claims run and fragments of others lie on the own nodes: their owners repair what is left. */
  readonly abandon?: boolean | undefined;
};

/** One call writes at most so much; whoever asks calls again until nothing is left. */
const mostWrites = 100;

type Submit = <N extends SubmitName>(
  name: N,
  body: Submits[N]['body'],
  options: { readonly step: string },
) => Promise<unknown>;

/**
 * Does of an organization's leaving what can be done now, and says what is left. Its own gateway drains its nodes, closes its grants
 * and jobs, waits until its claims have ended and the others have moved their fragments, and leaves; the others' gateways close what
 * they gave it and what they cannot finish without it. Once it has left, each member does its part of taking it out of the channel.
 * Every step looks at the ledger first, so that it may be called again after any end.
 */
export async function advanceDeparture(
  powers: DeparturePowers,
  mspId: MspId,
  { reason, expel = false, abandon = false }: Advance,
  submit: Submit,
  signal?: AbortSignal,
): Promise<Departure> {
  const own = mspId === powers.organization;
  if (own && expel) throw new Refusal('STATE_CONFLICT', `${mspId} leaves by its own word; only others expel`);
  if (powers.readModel.get('organization', mspId) === undefined)
    throw new Refusal('ORGANIZATION_NOT_FOUND', `there is no organization ${mspId}`);
  const { grants, jobs, storageNodes, computeNodes } = departureWork(powers, mspId);
  const writes: (() => Promise<unknown>)[] = [];
  if (own) {
    for (const { id } of storageNodes.filter(({ state }) => state === 'active'))
      writes.push(() => submit('storage-node:drain', { id }, { step: `drain ${id}` }));
    for (const { id } of computeNodes.filter(({ state }) => state === 'active'))
      writes.push(() => submit('compute-node:drain', { id }, { step: `drain ${id}` }));
  }
  for (const { id, state } of grants) {
    const name = state === 'issued' ? 'grant:revoke' : 'grant:refuse';
    writes.push(() => submit(name, { id, reason }, { step: `close ${id}` }));
  }
  for (const { id } of jobs) writes.push(() => submit('job:cancel', { id, reason }, { step: `cancel ${id}` }));
  for (const write of writes.slice(0, mostWrites)) await unlessDone(write);
  if (writes.length <= mostWrites) await leaveWhenDone(powers, mspId, { reason, expel, abandon }, submit);
  const { removal } = powers.administration ?? {};
  const departure = departureOnLedger(powers, mspId);
  if (removal === undefined || !departure.left) return departureOf(powers, mspId);
  return { ...departure, steps: [...departure.steps, ...(await removal.advance(mspId, signal))] };
}

/** The end: the own nodes leave, then the organization; or its expulsion is asked for. */
async function leaveWhenDone(
  powers: DeparturePowers,
  mspId: MspId,
  { reason, expel, abandon }: Required<Advance>,
  submit: Submit,
): Promise<void> {
  const { left, own, steps, expulsion } = departureOnLedger(powers, mspId);
  if (left) return;
  if (!own) {
    const asked = expulsion.includes(powers.organization);
    if (expel && !asked) await submit('organization:expel', { mspId, reason }, { step: `expel ${mspId}` });
    return;
  }
  const open = steps.filter(
    ({ step, remaining }) => remaining > 0 && waitedFor.has(step) && !(abandon && mayAbandon.has(step)),
  );
  if (open.length > 0) return;
  const { storageNodes, computeNodes } = departureWork(powers, mspId);
  for (const { id, state } of storageNodes)
    if (state !== 'left') await unlessDone(() => submit('storage-node:leave', { id }, { step: `leave ${id}` }));
  for (const { id, state } of computeNodes)
    if (state !== 'left') await unlessDone(() => submit('compute-node:leave', { id }, { step: `leave ${id}` }));
  await submit('organization:leave', { reason }, { step: `leave ${mspId}` });
}

const mayAbandon: ReadonlySet<string> = new Set(['claims-ended', 'fragments-moved']);
const waitedFor: ReadonlySet<string> = new Set(['nodes-drained', 'grants-closed', 'jobs-closed', ...mayAbandon]);

/** Somebody else did it meanwhile: a coordinator ended the job, another admin revoked the grant. */
async function unlessDone(write: () => Promise<unknown>): Promise<void> {
  try {
    await write();
  } catch (error) {
    if (!(error instanceof Refusal) || error.code !== 'STATE_CONFLICT') throw error;
  }
}
