/*
 * The text of a user's kernel: what it must keep to, and the same kernel over a batch.
 *
 * Under vmap one kernel computes all examples. Each place of the longer result is taken apart into the example and the
 * place within it; a parameter that has an entry per example is read further on by the example's offset:
 *
 *   function (x, w) { return x[this.thread.x] * w[0]; }     results of length 3, x mapped, 4 examples
 *
 *   function (x, w) {
 *     const batchPlace = this.thread.x;
 *     const batchExample = Math.floor(batchPlace / 3);
 *     const batchWithin = batchPlace - batchExample * 3;
 *     return x[batchExample * 3 + (batchWithin)] * w[0];
 *   }
 */
import { printPlace } from '../source/place.js'

/** A kernel's text taken apart. */
export interface KernelText {
  readonly parameters: readonly string[]
  /** Between the outer braces, without comments. */
  readonly body: string
}

/** Why a text is no kernel: `expected` must hold, `received` is what there is. */
export interface TextFault {
  readonly expected: string
  readonly received: string
  readonly todo: string
}

const withoutComments = (text: string): string => text.replace(/\/\*[\s\S]*?\*\/|\/\/[^\n]*/g, '')

const whole = /^\s*function\s*\w*\s*\(([^)]*)\)\s*\{([\s\S]*)\}\s*$/

/** A text as parameters and body; `null` where it is no function. */
const takenApart = (text: string): KernelText | null => {
  const [, list, body] = whole.exec(withoutComments(text)) ?? []
  if (list === undefined || body === undefined) return null
  const parameters = list
    .split(',')
    .map((each) => each.trim())
    .filter((each) => each !== '')
  return { parameters, body }
}

/** The text of a kernel: without a name, comments, and what stands around it. */
export const plainText = ({ parameters, body }: KernelText): string =>
  `function (${parameters.join(', ')}) {\n${body.replace(/^\s*\n/, '').trimEnd()}\n}`

/** The place behind the bracket that closes the one at `from`; the text's end where there is none. */
const behindBracket = (text: string, from: number, open: string, close: string): number => {
  let depth = 0
  for (let at = from; at < text.length; at++) {
    if (text[at] === open) depth++
    if (text[at] === close && --depth === 0) return at + 1
  }
  return text.length
}

/** Bodies of the functions that are defined inside of a text. */
const innerBodies = (body: string): readonly string[] =>
  [...body.matchAll(/\bfunction\b[^{]*\{/g)].map(({ index, 0: head }) => {
    const from = index + head.length - 1
    return body.slice(from, behindBracket(body, from, '{', '}'))
  })

const plainName = /^[a-zA-Z]\w*$/

const uses = (text: string, name: string): boolean => new RegExp(`(?<![\\w$.])${name}(?![\\w$])`).test(text)

/** What makes of `x[place]` more than a read of one element: `x[i][j]`, or a change of it. */
const more = /^\s*(?:\[|\+\+|--|(?:[-+*/%&|^]|\*\*|<<|>>>?)?=(?!=))/

/** A parameter that is used otherwise than to read an element, as `x[place]`. */
const otherUse = ({ parameters, body }: KernelText): string | undefined =>
  parameters.find((name) =>
    [...body.matchAll(new RegExp(`(?<![\\w$.])${name}(?![\\w$])\\s*(\\[?)`, 'g'))].some(
      ({ index, 0: found, 1: bracket }) => {
        if (bracket === '') return true
        const after = behindBracket(body, index + found.length - 1, '[', ']')
        return more.test(body.slice(after)) || /(?:\+\+|--)\s*$/.test(body.slice(0, index))
      },
    ),
  )

/**
 * A kernel's text taken apart, or what is wrong with it.
 *
 * @param operands the operands' names
 * @param length elements of the result
 */
export const readKernel = (text: unknown, operands: readonly string[], length: number): KernelText | TextFault => {
  const kernel = typeof text === 'string' ? takenApart(text) : null
  const wanted = `function (${operands.join(', ')}) { ... }`
  if (kernel === null) {
    return {
      expected: `source must give the text of a function, ${wanted}.`,
      received: typeof text === 'string' ? JSON.stringify(text.trim().slice(0, 60)) : `a value of type ${typeof text}`,
      todo: 'return the kernel as a text that begins with function and ends with its closing brace',
    }
  }
  const { parameters, body } = kernel
  if (parameters.length !== operands.length) {
    return {
      expected: `the kernel must have a parameter for each of ${operands.length} operands.`,
      received: `${parameters.length} parameters (${parameters.join(', ')}) for the operands ${operands.join(', ')}`,
      todo: `write ${wanted}; lengths are no parameters but numbers in the text`,
    }
  }
  const odd = parameters.find((name) => !plainName.test(name))
  if (odd !== undefined || new Set(parameters).size < parameters.length) {
    return {
      expected: 'parameters must be different plain names of letters, digits and _.',
      received: parameters.join(', '),
      todo: `write ${wanted}`,
    }
  }
  const [thisOther] = body.match(/\bthis\b(?!\.thread\.x(?![\w$]))[.\w]*/) ?? []
  if (thisOther !== undefined) {
    return {
      expected: 'the result is one flat array: a kernel knows its place by this.thread.x alone.',
      received: thisOther,
      todo: 'take this.thread.x apart by the lengths, and write lengths into the text as numbers',
    }
  }
  if (length > 1 && !body.includes('this.thread.x')) {
    return {
      expected: `a kernel must ask for its place, this.thread.x, where the result has more than one element.`,
      received: `a kernel without this.thread.x for a result of ${length} elements, which would all be the same`,
      todo: 'compute the element at this.thread.x of the flat, row-major result',
    }
  }
  const other = otherUse(kernel)
  if (other !== undefined) {
    return {
      expected: 'a parameter is a flat array, read as x[place] and in no other way: under vmap the place is moved.',
      received: `another use of ${other} than to read ${other}[place]`,
      todo: `read ${other}[row * columns + column]; give variables and inner functions' parameters other names`,
    }
  }
  const inner = innerBodies(body).find((each) => uses(each, 'this') || parameters.some((name) => uses(each, name)))
  if (inner !== undefined) {
    return {
      expected: 'an inner function takes numbers and gives one: it reads no parameter of the kernel and no place.',
      received: JSON.stringify(inner.trim().slice(0, 60)),
      todo: 'read the elements in the kernel itself, and hand them to the inner function',
    }
  }
  return kernel
}

/** How the examples of a batch are laid out: along axes, outermost first, of which each moves some operands. */
export interface BatchAxis {
  readonly length: number
  /** For each operand the step in its flat array, 0 where all examples share it. */
  readonly steps: readonly number[]
}

/** Names that the text does not have. */
const freshPrefix = (text: string, prefix = 'batch'): string =>
  text.includes(prefix) ? freshPrefix(text, `${prefix}x`) : prefix

/** Lines that take a number apart along axes, and the names of its coordinates. */
const coordinatesOf = (
  number: string,
  axes: readonly BatchAxis[],
  prefix: string,
): { readonly lines: readonly string[]; readonly names: readonly string[] } => {
  const lines: string[] = []
  const names: string[] = []
  let rest = number
  for (const [k, { length }] of [...axes.entries()].reverse()) {
    if (k === 0) {
      names.unshift(rest)
      break
    }
    lines.push(`const ${prefix}Q${k} = Math.floor(${rest} / ${length});`)
    lines.push(`const ${prefix}C${k} = ${rest} - ${prefix}Q${k} * ${length};`)
    names.unshift(`${prefix}C${k}`)
    rest = `${prefix}Q${k}`
  }
  return { lines, names }
}

/** Each read `x[place]` as `x[offset + (place)]`. */
const moved = (text: string, offsets: ReadonlyMap<string, string>): string => {
  const found = new RegExp(`(?<![\\w$.])(${[...offsets.keys()].join('|')})\\s*\\[`).exec(text)
  if (found === null) return text
  const [head, name = ''] = found
  const from = found.index + head.length
  const after = behindBracket(text, from - 1, '[', ']')
  const place = moved(text.slice(from, after - 1), offsets)
  return `${text.slice(0, found.index)}${name}[${offsets.get(name)} + (${place})]${moved(text.slice(after), offsets)}`
}

/**
 * A kernel over a batch.
 *
 * @param length elements of one example's result
 * @param axes of the batch, without those of length 1
 */
export const overBatch = ({ parameters, body }: KernelText, length: number, axes: readonly BatchAxis[]): string => {
  const prefix = freshPrefix(`${parameters.join(' ')} ${body}`)
  const [place, example, within] = [`${prefix}Place`, `${prefix}Example`, `${prefix}Within`]
  const split =
    length === 1
      ? [`const ${example} = this.thread.x;`, `const ${within} = 0;`]
      : [
          `const ${place} = this.thread.x;`,
          `const ${example} = Math.floor(${place} / ${length});`,
          `const ${within} = ${place} - ${example} * ${length};`,
        ]
  const { lines, names } = coordinatesOf(example, axes, prefix)
  const offsets = new Map(
    parameters.flatMap((name, operand) => {
      const terms = axes.flatMap(({ length: many, steps }, k) => {
        const stride = steps[operand] ?? 0
        return stride === 0 ? [] : [{ name: names[k] ?? example, length: many, stride }]
      })
      return terms.length === 0 ? [] : [[name, printPlace({ base: 0, terms })] as const]
    }),
  )
  const inside = offsets.size === 0 ? body : moved(body, offsets)
  const head = [...split, ...lines].map((line) => `  ${line}`).join('\n')
  return plainText({
    parameters,
    body: `${head}\n${inside.replace(/\bthis\.thread\.x\b/g, within).replace(/^\s*\n/, '')}`,
  })
}
