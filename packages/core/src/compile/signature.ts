/* What a compiled program is made for, and how two of them differ. */
import { type Aval, printAval, sameAval } from '../aval.js'
import { namedPath } from '../debug/parameterNames.js'
import { leafPaths, printTree, sameTree, type TreeDef } from '../pytree.js'

/** The structure and avals of the arguments, and static ones as `printStatic` writes them. */
export interface Signature {
  readonly def: TreeDef
  readonly avals: readonly Aval[]
  readonly fixed: readonly string[]
}

/** What the arguments are called: those with tensors, and the static ones. */
export interface ArgumentNames {
  readonly dynamic: readonly string[]
  readonly fixed: readonly string[]
}

/** One difference between the arguments of two calls. */
export interface SignatureChange {
  /** Of a leaf, `params.layers[3].query`; of a static argument its name; empty for the structure around leaves. */
  readonly path: string
  /** The aval, the static value, or the structure; `null` where there was none. */
  readonly before: string | null
  readonly after: string | null
}

export const printSignature = ({ def, avals, fixed }: Signature): string =>
  [printTree(def), avals.map(printAval).join(' '), ...fixed].join(' ')

export const sameSignature = (a: Signature, b: Signature): boolean =>
  sameTree(a.def, b.def) &&
  a.avals.every((x, i) => sameAval(x, b.avals[i] ?? x)) &&
  a.fixed.every((x, i) => x === b.fixed[i])

const entriesOf = ({ def, avals, fixed }: Signature, names: ArgumentNames): ReadonlyMap<string, string> =>
  new Map([
    ...leafPaths(def).map((path, i): readonly [string, string] => [
      namedPath(names.dynamic, path),
      avals[i] === undefined ? '' : printAval(avals[i]),
    ]),
    ...fixed.map((text, i): readonly [string, string] => [names.fixed[i] ?? `static ${i}`, text]),
  ])

/** What changed from the arguments of one call to those of another. */
export const changesBetween = (a: Signature, b: Signature, names: ArgumentNames): readonly SignatureChange[] => {
  const [before, after] = [entriesOf(a, names), entriesOf(b, names)]
  const changes = [...new Set([...before.keys(), ...after.keys()])].flatMap((path): readonly SignatureChange[] => {
    const change = { path, before: before.get(path) ?? null, after: after.get(path) ?? null }
    return change.before === change.after ? [] : [change]
  })
  if (changes.length > 0 || sameTree(a.def, b.def)) return changes
  return [{ path: '', before: printTree(a.def), after: printTree(b.def) }]
}

const longest = 60

const shown = (text: string): string => (text.length > longest ? `${text.slice(0, longest)}...` : text)

/** `x: f32[32,64] -> f32[7,64]` */
export const printChange = ({ path, before, after }: SignatureChange): string => {
  const name = path === '' ? 'the structure' : path
  if (before === null) return `${name}: ${shown(after ?? '')}, was not there`
  if (after === null) return `${name}: ${shown(before)}, is no longer there`
  return `${name}: ${shown(before)} -> ${shown(after)}`
}
