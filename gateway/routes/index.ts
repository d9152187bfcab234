/** Every REST operation. The router, the OpenAPI document and the checks read this one list. */
import type { Route } from '../http/route.ts';

export const routes: readonly Route[] = [];
