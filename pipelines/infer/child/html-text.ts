import { type DefaultTreeAdapterTypes, parse } from 'parse5';

const silent = new Set(['script', 'style', 'noscript', 'template', 'svg', 'math', 'iframe', 'object', 'head']);
const block =
  /^(address|article|aside|blockquote|br|dd|div|dl|dt|figcaption|footer|form|h[1-6]|header|hr|li|main|nav|ol|p|pre|section|table|td|th|tr|ul)$/;

/** The text a reader of an HTML page sees, title first. Walks the tree without recursion, so nesting cannot overflow the stack. */
export function htmlText(html: string): string {
  const out: string[] = [];
  const stack: DefaultTreeAdapterTypes.ChildNode[] = [...parse(html).childNodes].reverse();
  for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
    if (node.nodeName === '#text') out.push((node as DefaultTreeAdapterTypes.TextNode).value);
    else if (node.nodeName === 'head') stack.push(...titles(node as DefaultTreeAdapterTypes.Element));
    else if (!silent.has(node.nodeName) && 'childNodes' in node) {
      if (block.test(node.nodeName)) out.push('\n');
      for (let index = node.childNodes.length - 1; index >= 0; index--) {
        stack.push(node.childNodes[index] as DefaultTreeAdapterTypes.ChildNode);
      }
    }
  }
  return out.join('');
}

function titles(head: DefaultTreeAdapterTypes.Element): DefaultTreeAdapterTypes.ChildNode[] {
  return head.childNodes.filter((node) => node.nodeName === 'title');
}
