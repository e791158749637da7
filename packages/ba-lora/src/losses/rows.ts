import {
  cast,
  expandDims,
  full,
  isFloating,
  notEqual,
  printAval,
  ShapeError,
  sum,
  type Tensor,
  where,
} from '@cotangent/core'

/** What every regulariser of a batch may be told. */
export interface RowOptions {
  /** Which rows count, [n]: bool, or 0 and 1. A short last batch is filled up with rows of 0. */
  readonly mask?: Tensor | null
}

/** Logits with 0 in the rows that do not count, and what counts. */
export interface Rows {
  readonly x: Tensor
  /** 1 or 0 per row, [n, 1]; `null` where all rows count. */
  readonly weights: Tensor | null
  /** Number of rows that count, []: traced where there is a mask. */
  readonly count: Tensor
}

/**
 * Checks logits [n, d] and their mask [n]. Rows that do not count are set to 0, whatever stood there (NaN too).
 *
 * @throws ShapeError
 */
export const rowsOf = (op: string, name: string, logits: Tensor, mask: Tensor | null | undefined): Rows => {
  if (logits.rank !== 2 || logits.size === 0 || !isFloating(logits.dtype)) {
    throw new ShapeError({
      op,
      expected: `${name} must be floating, [n, d], with at least one row and one class.`,
      received: `${name} ${printAval(logits.aval)}`,
      todo: 'reshape(x, [-1, d]): one row per example or position',
    })
  }
  if (mask === undefined || mask === null) {
    return { x: logits, weights: null, count: full([], logits.shape[0] ?? 0, logits.dtype) }
  }
  if (mask.rank !== 1 || mask.shape[0] !== logits.shape[0]) {
    throw new ShapeError({
      op,
      expected: 'the mask must have one entry per row.',
      received: `${name} ${printAval(logits.aval)}, mask ${printAval(mask.aval)}`,
      todo: 'give a mask of shape [n]',
    })
  }
  const counts = expandDims(mask.dtype === 'bool' ? mask : notEqual(mask, 0), 1)
  const weights = cast(counts, logits.dtype)
  return { x: where(counts, logits, 0), weights, count: sum(weights) }
}

/** The rows that count as they are, the others 0: [n, d]. */
export const onlyCounted = (x: Tensor, { weights }: Rows): Tensor =>
  weights === null ? x : where(notEqual(weights, 0), x, 0)

/** Σ of the rows that count: [n, d] -> [d]. */
export const rowSum = (x: Tensor, rows: Rows): Tensor => sum(onlyCounted(x, rows), 0)
