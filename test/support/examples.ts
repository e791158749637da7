/*
 * Examples in doc comments and pages, as programs that check themselves: `expression // => value` fails where the
 * value is another.
 */
import { inspect } from 'node:util'
import { Tensor } from '@cotangent/core'
import ts from 'typescript'

export interface Example {
  readonly file: string
  /** Of the first line of code, from 1. */
  readonly line: number
  readonly code: string
}

const lineAt = (text: string, offset: number): number => text.slice(0, offset).split('\n').length

/** The `@example`s of the doc comments of a source file. */
export const examplesInComments = (source: string, file: string): readonly Example[] =>
  [...source.matchAll(/^[ \t]*\/\*\*[\s\S]*?\*\//gm)].flatMap((comment) =>
    [...comment[0].matchAll(/@example[ \t]*((?:(?!\n[ \t]*\* @|\*\/)[\s\S])*)/g)].map((found) => {
      const [, text = ''] = found
      const before = comment.index + found.index + found[0].length - text.length
      const skipped = text.length - text.trimStart().length
      return {
        file,
        line: lineAt(source, before + skipped),
        code: text.replaceAll(/\n[ \t]*\* ?/g, '\n').trim(),
      }
    }),
  )

/** A program of a page. */
export interface Block extends Example {
  /** What it ends with, where it is marked `ts throws`: the ```text block behind it, `Name: message`. */
  readonly throws: string | null
}

const fences = /^```ts( throws)?\n([\s\S]*?)^```$(?:\s*^```text\n([\s\S]*?)^```$)?/gm

/** The blocks of a page that are marked as TypeScript. */
export const blocksInPage = (page: string, file: string): readonly Block[] =>
  [...page.matchAll(fences)].map(({ index, 1: marked, 2: code = '', 3: text }) => ({
    file,
    line: lineAt(page, index) + 1,
    code,
    throws: marked === undefined ? null : (text ?? 'a `ts throws` block needs its message in a `text` block behind it'),
  }))

// ---------------------------------------------------------------- values in comments

// as a module, where `await` is a keyword
const parse = (code: string): ts.SourceFile =>
  ts.createSourceFile('example.ts', `${code}\nexport {}`, ts.ScriptTarget.ES2023, true)

/** `// => value`, behind a statement or on the line below it; further lines are set in by four spaces. */
const valueComment = /^[ \t]*(?:\n[ \t]*)?\/\/ => ?(.*(?:\n[ \t]*\/\/ {4}.*)*)/

const isExpression = (text: string): boolean => {
  try {
    new Function(`return (${text}\n)`)
    return true
  } catch {
    return false
  }
}

export interface SelfChecking {
  /** Calls `shows(value, expected)` wherever the example states a value; lines are where they were. */
  readonly code: string
  /** Number of values that are checked: all that are stated. */
  readonly checked: number
}

/** What a stated value is compared with: itself if it is an expression, else what the value prints. */
const expectation = (stated: string): string =>
  isExpression(stated) ? `() => (${stated}\n)`.replaceAll('\n', ' ') : JSON.stringify(stated)

/** The example with its stated values as checks. */
export const selfChecking = (code: string): SelfChecking => {
  const edits: { readonly from: number; readonly to: number; readonly text: string }[] = []
  const visit = (node: ts.Node): void => {
    ts.forEachChild(node, visit)
    const shown = shownBy(node)
    const found = shown === undefined ? null : valueComment.exec(code.slice(node.end))
    if (shown === undefined || found === null) return
    const stated = (found[1] ?? '').replaceAll(/\n[ \t]*\/\/ {4}/g, '\n').trim()
    const check = `shows(${shown}, ${expectation(stated)})`
    edits.push(
      ts.isExpressionStatement(node)
        ? { from: node.getStart(), to: node.end, text: check }
        : { from: node.end, to: node.end, text: `; ${check}` },
    )
  }
  visit(parse(code))
  const text = edits
    .toSorted((a, b) => b.from - a.from)
    .reduce((all, edit) => all.slice(0, edit.from) + edit.text + all.slice(edit.to), code)
  return { code: text, checked: edits.length }
}

/** The expression whose value a comment behind this statement states: the statement itself, or what it declares. */
const shownBy = (node: ts.Node): string | undefined => {
  if (ts.isExpressionStatement(node)) return node.expression.getText()
  if (!ts.isVariableStatement(node)) return undefined
  const [only, ...more] = node.declarationList.declarations
  return only !== undefined && more.length === 0 && ts.isIdentifier(only.name) ? only.name.text : undefined
}

/** Names that are called and neither declared in the code nor among those known. */
export const unknownCalls = (code: string, known: ReadonlySet<string>): readonly string[] => {
  const declared = new Set<string>()
  const called = new Set<string>()
  const visit = (node: ts.Node): void => {
    if (ts.isCallExpression(node) && ts.isIdentifier(node.expression)) called.add(node.expression.text)
    const binds = ts.isVariableDeclaration(node) || ts.isParameter(node) || ts.isBindingElement(node)
    if (binds && ts.isIdentifier(node.name)) declared.add(node.name.text)
    ts.forEachChild(node, visit)
  }
  visit(parse(code))
  return [...called].filter((name) => !declared.has(name) && !known.has(name) && !(name in globalThis))
}

/** Whether the code is one that a compiler would read. */
export const syntaxFaults = (code: string): readonly string[] =>
  (
    ts.transpileModule(code, { reportDiagnostics: true, compilerOptions: { target: ts.ScriptTarget.ES2023 } })
      .diagnostics ?? []
  ).map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, ' '))

// ---------------------------------------------------------------- running

/** Tensors and typed arrays as lists, maps as lists of pairs. */
const plain = (value: unknown): unknown => {
  if (value instanceof Tensor) return value.toArray()
  if (value instanceof Map || value instanceof Set) return [...value].map(plain)
  if (ArrayBuffer.isView(value) && !(value instanceof DataView)) return Array.from(value as Float64Array) // border
  if (Array.isArray(value)) return value.map(plain)
  if (typeof value !== 'object' || value === null || Object.getPrototypeOf(value) !== Object.prototype) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, plain(inner)]))
}

/** Equal, numbers to f32's rounding. */
const alike = (a: unknown, b: unknown): boolean => {
  if (typeof a === 'number' && typeof b === 'number') {
    return Object.is(a, b) || Math.abs(a - b) <= 1e-6 * Math.max(1, Math.abs(a), Math.abs(b))
  }
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return a === b
  if (Array.isArray(a) !== Array.isArray(b)) return false
  const [left, right] = [new Map(Object.entries(a)), new Map(Object.entries(b))]
  return left.size === right.size && [...left].every(([key, value]) => right.has(key) && alike(value, right.get(key)))
}

const words = (text: string): string => text.replaceAll(/\s+/g, ' ').trim()

/**
 * Checks a value that an example states.
 *
 * @param expected gives the value; or the text that it prints
 */
export const shows = (value: unknown, expected: string | (() => unknown)): void => {
  const [is, wanted] =
    typeof expected === 'string' ? [words(String(value)), words(expected)] : [plain(value), plain(expected())]
  if (!alike(is, wanted)) {
    throw new Error(`an example states another value.\n  stated    ${inspect(wanted)}\n  it is     ${inspect(is)}`)
  }
}

// border: JavaScript gives this constructor no name
const AsyncFunction = (async () => {}).constructor as new (
  ...parts: readonly string[]
) => (...values: readonly unknown[]) => Promise<void>

/** Runs code with the names of a scope. */
export const runIn = async (scope: ReadonlyMap<string, unknown>, code: string): Promise<void> => {
  const { outputText } = ts.transpileModule(code, {
    compilerOptions: { target: ts.ScriptTarget.ES2022, module: ts.ModuleKind.ESNext },
  })
  // a block of its own, so that it may declare names of the scope again
  await new AsyncFunction(...scope.keys(), 'shows', `{\n${outputText}\n}`)(...scope.values(), shows)
}
