import type { ZodType } from 'zod';
import { type FieldError, Rejection } from './problem.ts';
import { jsonPointer } from './strict-json.ts';

const maxQueryChars = 4_096;

/** Query parameters as an object; one given twice is refused, because parsers differ in which one they keep. */
export function readQuery(url: string): Record<string, string> {
  const at = url.indexOf('?');
  const text = at < 0 ? '' : url.slice(at + 1);
  if (text.length > maxQueryChars)
    throw new Rejection('REQUEST_INVALID', `A query may have ${maxQueryChars} characters.`);
  const query: Record<string, string> = {};
  for (const [name, value] of new URLSearchParams(text)) {
    if (Object.hasOwn(query, name) || name === '__proto__') {
      throw new Rejection('REQUEST_INVALID', 'A query parameter is given twice or has a name that is not allowed.');
    }
    query[name] = value;
  }
  return query;
}

/** Parses one part of a request by its schema; what the schema does not name is refused, pointing at it. */
export function parseInput(part: 'params' | 'query' | 'body', schema: ZodType | undefined, value: unknown): unknown {
  if (schema === undefined) {
    if (part === 'query' && Object.keys(value as object).length > 0) {
      throw new Rejection('REQUEST_INVALID', 'This operation takes no query parameters.');
    }
    return part === 'body' ? undefined : value;
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const errors = parsed.error.issues.flatMap((issue): FieldError[] => {
    const path = part === 'body' ? issue.path : [part, ...issue.path];
    return issue.code === 'unrecognized_keys'
      ? issue.keys.map((key) => ({ pointer: jsonPointer([...path, key]), detail: 'This field is not taken here.' }))
      : [{ pointer: jsonPointer(path), detail: issue.message }];
  });
  const shown = errors.slice(0, 20);
  throw new Rejection(part === 'body' ? 'BODY_INVALID' : 'REQUEST_INVALID', summary(shown), { errors: shown });
}

function summary(errors: readonly FieldError[]): string {
  return errors
    .map(({ pointer, detail }) => `${pointer || '/'}: ${detail}`)
    .join(' ')
    .slice(0, 500);
}
