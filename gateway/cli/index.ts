/** What other programs on this machine do with a network, as the command line does it. */
export type { ErasureView } from './actions/erase.ts';
export { type LocalFile, localFiles, tarOf } from './actions/folder.ts';
export { type PublishWish, publish } from './actions/publish.ts';
export { publishModel } from './actions/publish-model.ts';
export { type RepairView, watchRepair } from './actions/repair.ts';
export { fetchResults, type Results, type ResultView } from './actions/results.ts';
export { requestJob } from './actions/run.ts';
export { type Credentials, readCredentials, signIn } from './credentials.ts';
export { Output } from './output.ts';
export { Problem, RestClient, type RestOptions } from './rest.ts';
export type { DatasetView, GrantView, JobView, LineageView, ModelView, VersionView } from './views.ts';
