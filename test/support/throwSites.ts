/* Where core refuses a program, read from its sources. */
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { ProgramError } from '@cotangent/core'
import ts from 'typescript'
import { root } from './publicApi.js'

/** One `new SomeError({ op, expected, ... })` of a source file. */
export interface ThrowSite {
  /** `transforms/vmap.ts:42`, as in an editor. */
  readonly at: string
  /** The name of the class. */
  readonly kind: string
  /** What is known of the text before it runs: a pattern. */
  readonly expected: RegExp
}

const escaped = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')

/** The texts an expression can give: literal parts as they are, anything for what is computed. */
const patternOf = (node: ts.Expression): string => {
  if (ts.isStringLiteralLike(node)) return escaped(node.text)
  if (ts.isConditionalExpression(node)) return `(?:${patternOf(node.whenTrue)}|${patternOf(node.whenFalse)})`
  if (!ts.isTemplateExpression(node)) return '.*'
  const spans = node.templateSpans.map(({ literal }) => `.*${escaped(literal.text)}`)
  return escaped(node.head.text) + spans.join('')
}

const fieldOf = (fields: ts.ObjectLiteralExpression, name: string): ts.Expression | null => {
  const field = fields.properties.find((each) => each.name?.getText() === name)
  return field !== undefined && ts.isPropertyAssignment(field) ? field.initializer : null
}

const sitesIn = (file: string, text: string, kinds: ReadonlySet<string>): readonly ThrowSite[] => {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ES2023, true)
  const found: ThrowSite[] = []
  const visit = (node: ts.Node): void => {
    ts.forEachChild(node, visit)
    if (!ts.isNewExpression(node) || !kinds.has(node.expression.getText())) return
    const [fields] = node.arguments ?? []
    const expected = fields !== undefined && ts.isObjectLiteralExpression(fields) ? fieldOf(fields, 'expected') : null
    found.push({
      at: `${file}:${source.getLineAndCharacterOfPosition(node.getStart()).line + 1}`,
      kind: node.expression.getText(),
      expected: new RegExp(`^${expected === null ? '.*' : patternOf(expected)}$`, 's'),
    })
  }
  visit(source)
  return found
}

/**
 * All places of a package that make an error of one of these classes.
 *
 * @param kinds names of the classes
 */
export const throwSites = (name: string, kinds: ReadonlySet<string>): readonly ThrowSite[] => {
  const folder = join(root, 'packages', name, 'src')
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.endsWith('.ts') && !/\.(test|laws)\.ts$/.test(file))
    .toSorted()
    .flatMap((file) => sitesIn(file.replaceAll('\\', '/'), readFileSync(join(folder, file), 'utf8'), kinds))
}

/** Whether an error is one of those that a place makes. */
export const isFrom = ({ kind, expected }: ThrowSite, error: ProgramError): boolean =>
  error.name === kind && expected.test(error.expected)
