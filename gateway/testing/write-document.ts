/** Writes docs/openapi.json, the API's committed description, from the routes; a test holds the two against each other. */
import { writeFileSync } from 'node:fs';
import { openApiDocument } from '../http/openapi.ts';
import { routes } from '../routes/index.ts';

const file = new URL('../../../docs/openapi.json', import.meta.url);
writeFileSync(file, `${JSON.stringify(openApiDocument(routes), null, 2)}\n`);
process.stdout.write(`${routes.length} operations written\n`);
