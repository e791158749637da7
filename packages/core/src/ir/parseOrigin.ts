/* Where an equation comes from, out of the comment that printIR writes behind it. */
import type { Origin, Pass } from './ir.js'

const scopeName = String.raw`(?:[A-Za-z_$][\w$.-]*|"(?:[^"\\]|\\.)*")`

const whole = new RegExp(
  String.raw`^(?:(?<file>.+?):(?<line>\d+):(?<column>\d+)(?:, (?=.)|$))?` +
    `(?:in (?<scope>${scopeName}(?:/${scopeName})*)(?:, (?=.)|$))?` +
    String.raw`(?:(?<pass>derivative|backward)(?: of (?<of>\w+))?)?$`,
)

const namesIn = (scope: string): readonly string[] =>
  [...scope.matchAll(new RegExp(scopeName, 'g'))].map(([text]) =>
    text.startsWith('"') ? String(JSON.parse(text)) : text,
  )

const isPass = (text: string): text is Pass => text === 'derivative' || text === 'backward'

/** `null` for a comment that says something else. */
export const parseOrigin = (comment: string | null): Origin | null => {
  const found = comment === null || comment === '' ? null : whole.exec(comment)
  if (found === null) return null
  const { file, line, column, scope, pass = '', of } = found.groups ?? {}
  const place =
    file === undefined ? null : { file, line: Number(line), column: Number(column), function: null, via: [] }
  return {
    site: place === null ? null : { line: place },
    scope: scope === undefined ? [] : namesIn(scope),
    pass: isPass(pass) ? pass : 'forward',
    of: of ?? null,
  }
}
