/*
 * The mutation check: every rule of every primitive is made wrong in turn, and the laws must notice.
 *
 *   npm run test:mutation                     all primitives
 *   npm run test:mutation -- mul softmax      these only
 *   npm run test:mutation -- --seed 7         other random cases
 *
 * Fails if a mutant survives that `equivalent-mutants.json` does not prove to be none, if an entry there is stale, or if
 * more than 2 % are entries.
 */
import { readFileSync } from 'node:fs'
import { parseArgs } from 'node:util'
import { judged, mutantsOf, subjects, type Verdict } from '@cotangent/testing'

const mostEquivalent = 0.02

/** Mutants that compute the same as the primitive, by name, each with the proof. */
const equivalent: ReadonlyMap<string, string> = new Map(
  Object.entries(
    JSON.parse(readFileSync(new URL('equivalent-mutants.json', import.meta.url), 'utf8')) as Record<string, string>, // border: our own file
  ),
)

const count = <T>(list: readonly T[], of: (x: T) => string | null): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>()
  for (const x of list) {
    const key = of(x)
    if (key !== null) counts.set(key, (counts.get(key) ?? 0) + 1)
  }
  return counts
}

const survived = ({ killer }: Verdict): boolean => killer === null

const row = (name: string, verdicts: readonly Verdict[], seconds: string): string => {
  const of = count(verdicts, ({ mutant }) => mutant.rule)
  const cells = [...['jvp', 'transpose', 'batch'].map((rule) => of.get(rule) ?? 0), verdicts.filter(survived).length]
  return [name.padEnd(20), ...cells.map((n) => String(n).padStart(9)), seconds.padStart(8)].join(' ')
}

const { values, positionals } = parseArgs({
  options: { seed: { type: 'string', default: '1' } },
  allowPositionals: true,
})
const seed = Number(values.seed)
const chosen = subjects.filter(({ name }) => positionals.length === 0 || positionals.includes(name))

console.log(`seed ${seed}\n`)
console.log(
  [
    'primitive'.padEnd(20),
    ...['jvp', 'transpose', 'batch', 'survive', 'seconds'].map((x, i) => x.padStart(i < 4 ? 9 : 8)),
  ].join(' '),
)
const verdicts: Verdict[] = []
for (const subject of chosen) {
  const start = performance.now()
  const mine = judged(subject, mutantsOf(subject), seed)
  verdicts.push(...mine)
  console.log(row(subject.name, mine, ((performance.now() - start) / 1000).toFixed(1)))
}

const survivors = verdicts.filter(survived).map(({ mutant }) => mutant.name)
const judgedNames = new Set(verdicts.map(({ mutant }) => mutant.name))
const unexpected = survivors.filter((name) => !equivalent.has(name))
const stale = [...equivalent.keys()].filter((name) =>
  judgedNames.has(name) ? !survivors.includes(name) : positionals.length === 0,
)
const killed = verdicts.length - survivors.length

console.log(`\nkilled by`)
for (const [law, n] of [...count(verdicts, ({ killer }) => killer)].toSorted((a, b) => b[1] - a[1])) {
  console.log(`  ${law.padEnd(28)} ${String(n).padStart(5)}`)
}
console.log(
  `\n${verdicts.length} mutants, ${killed} killed, ${survivors.length} survive (${((100 * survivors.length) / Math.max(1, verdicts.length)).toFixed(1)} %)`,
)
for (const name of survivors)
  console.log(
    `  ${name}: ${equivalent.get(name) ?? 'NOT EXPECTED: a law is too weak, or it is equivalent and wants a proof'}`,
  )
for (const name of stale)
  console.log(`  ${name}: STALE: ${judgedNames.has(name) ? 'it is killed now' : 'there is no such mutant'}`)

const tooMany = survivors.length > mostEquivalent * verdicts.length && positionals.length === 0
if (tooMany) console.log(`  more than ${100 * mostEquivalent} % survive`)
process.exitCode = unexpected.length > 0 || stale.length > 0 || tooMany ? 1 : 0
