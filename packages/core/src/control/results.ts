/* Checks of the functions given to loops and choices: what one returns must fit what the other takes. */
import { type Aval, printAval, sameAval } from '../aval.js'
import { ShapeError, TreeMismatchError } from '../errors.js'
import type { IR } from '../ir/ir.js'
import { leafPaths, printTree, sameTree, type TreeDef } from '../pytree.js'
import type { Tensor } from '../tensor.js'
import { closedProgram } from '../transforms/heldPrograms.js'
import { runIR } from '../transforms/interpret.js'

/** Results of a function, as avals in a structure. */
export interface Results {
  readonly def: TreeDef
  readonly avals: readonly Aval[]
}

/**
 * Two functions, or a function and what it gets back, must have results alike.
 *
 * @throws TreeMismatchError, ShapeError
 */
export const checkAlike = (
  op: string,
  [nameA, a]: readonly [string, Results],
  [nameB, b]: readonly [string, Results],
): void => {
  if (!sameTree(a.def, b.def)) {
    throw new TreeMismatchError({
      op,
      expected: `${nameB} must have the structure of ${nameA}.`,
      received: `${nameA} ${printTree(a.def)}, ${nameB} ${printTree(b.def)}`,
      todo: 'return the same keys and lengths',
    })
  }
  const paths = leafPaths(a.def)
  const wrong = a.avals.flatMap((x, i) => {
    const y = b.avals[i]
    if (y !== undefined && sameAval(x, y)) return []
    return [
      `${nameA}${paths[i] ?? ''} ${printAval(x)}, ${nameB}${paths[i] ?? ''} ${y === undefined ? 'missing' : printAval(y)}`,
    ]
  })
  if (wrong.length > 0) {
    throw new ShapeError({
      op,
      expected: `${nameB} must have the shapes and dtypes of ${nameA}.`,
      received: wrong.join('; '),
      todo: 'cast or broadcast it; a JavaScript number is f32[], so start from scalar(0, "i32") for a counter',
    })
  }
}

/** Replaces a program's own captured inputs by all of a longer list. */
export const withCaptured = (ir: IR, own: readonly Tensor[], all: readonly Tensor[]): IR =>
  closedProgram([...all.map((x) => x.aval), ...ir.inputs.slice(own.length).map((v) => v.aval)], (leaves) =>
    runIR(ir, [...own.flatMap((x) => leaves[all.indexOf(x)] ?? []), ...leaves.slice(all.length)]),
  )
