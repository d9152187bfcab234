import { ConfigEdit } from '@d-cloud/network/admin';
import { z } from 'zod';
import { adminRoute } from './admin-route.ts';
import { changeSummary, changeView } from './change-view.ts';
import { channelParams } from './channel-params.ts';

export const proposeChange = adminRoute({
  method: 'post',
  path: '/v1/admin/channels/:channel/changes',
  operation: 'change.propose',
  summary: 'Propose a change of the configuration; the other organizations find it at this gateway',
  status: 201,
  params: channelParams,
  body: z.strictObject({ edit: ConfigEdit, summary: changeSummary }),
  response: changeView,
  async handle({ params, body: { edit, summary } }, { changes }) {
    const change = await changes.propose(params.channel, edit, summary);
    return { body: change, location: `/v1/admin/changes/${change.id}` };
  },
});
