import { DOMParser } from 'linkedom'

// What these hold is not shown to a reader.
const hidden = new Set(['SCRIPT', 'STYLE', 'TITLE', 'NOSCRIPT', 'TEMPLATE'])

// Elements inside a line of text; every other one starts and ends a line.
const inline = new Set([
  'A',
  'ABBR',
  'B',
  'BIG',
  'CODE',
  'EM',
  'FONT',
  'I',
  'LABEL',
  'S',
  'SMALL',
  'SPAN',
  'STRIKE',
  'STRONG',
  'SUB',
  'SUP',
  'TT',
  'U',
])

/** What is read of a node, whichever the document's library. */
interface PageNode {
  readonly nodeType: number
  readonly nodeName: string
  readonly textContent: string | null
  readonly childNodes: ArrayLike<PageNode>
}

const elementNode = 1
const textNode = 3

/**
 * The text that a reader of an HTML page sees: no markup, scripts or styles, entities decoded, blocks on lines of their
 * own. Broken HTML is read as far as it goes.
 *
 * @example htmlText('<p>Two &amp; <b>th</b>ree<br>lines</p>') // => 'Two & three\nlines'
 */
export const htmlText = (html: string): string => {
  const parts: string[] = []
  // An own stack: mails nest tables and fonts hundreds deep.
  const stack: (PageNode | string)[] = [new DOMParser().parseFromString(`<html>${html}</html>`, 'text/html')]
  for (let next = stack.pop(); next !== undefined; next = stack.pop()) {
    if (typeof next === 'string') {
      parts.push(next)
      continue
    }
    if (next.nodeType === textNode) {
      parts.push((next.textContent ?? '').replace(/\s+/g, ' '))
      continue
    }
    const name = next.nodeName.toUpperCase()
    if (hidden.has(name)) continue
    const isBlock = next.nodeType === elementNode && !inline.has(name)
    if (isBlock) {
      parts.push('\n')
      stack.push('\n')
    }
    const children = next.childNodes
    for (let i = children.length - 1; i >= 0; i--) {
      const child = children[i]
      if (child !== undefined) stack.push(child)
    }
  }
  return parts
    .join('')
    .replace(/ +/g, ' ')
    .replace(/ ?\n\s*/g, '\n')
    .trim()
}
