import { readFile } from 'node:fs/promises';

/** The JSON object or list in a file that a person named. @throws Error naming the file where it holds none */
export async function readJson(file: string): Promise<object> {
  return jsonOf(await readFile(file, 'utf8'), file);
}

/** The JSON object or list in a text, which came from `file`. @throws Error naming the file where there is none */
export function jsonOf(text: string, file: string): object {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    value = undefined;
  }
  if (typeof value === 'object' && value !== null) return value;
  throw new Error(`${file} holds no JSON object or list`);
}
