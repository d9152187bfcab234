export { fetchResults, type Results, type ResultView } from './actions/results.ts';
export { type Credentials, readCredentials, signIn } from './credentials.ts';
export { Problem, RestClient, type RestOptions } from './rest.ts';
export type { DatasetView, GrantView, JobView, LineageView, ModelView, VersionView } from './views.ts';
