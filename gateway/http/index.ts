export { type Listener, listen } from './listener.ts';
export { gatewayMetrics, type Metrics } from './metrics.ts';
export { type FieldError, type Problem, Rejection, type RejectionCode, rejections } from './problem.ts';
export { openRequestStore, type RequestStore } from './request-store.ts';
export { type RestPowers, restApplication } from './rest-application.ts';
export { type Exchange, type Reply, type Route, type RouteRequest, route } from './route.ts';
