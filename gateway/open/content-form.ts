import type { ContentForm } from './open-messages.ts';

const forms: readonly (readonly [mediaType: string, form: ContentForm])[] = [
  ['application/x-tar', 'tar'],
  ['application/vnd.apache.arrow.stream', 'arrow'],
  ['application/x-ndjson', 'json-lines'],
];

/** The form that an Accept header asks for: the first of ours that it names; a type of no form of ours means the file as it was; nothing or anything means `usual`. */
export function contentFormOf(accept: string | undefined, usual: ContentForm): ContentForm {
  const asked = (accept ?? '*/*').split(',').map((range) => range.split(';', 1)[0]?.trim().toLowerCase() ?? '');
  for (const range of asked) {
    const named = forms.find(([mediaType]) => mediaType === range);
    if (named !== undefined) return named[1];
  }
  return asked.includes('*/*') || asked.includes('application/*') ? usual : 'file';
}
