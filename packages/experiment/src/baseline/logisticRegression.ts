import { type MinimiseOptions, minimise, type Smooth } from './minimise.js'
import type { SparseRow } from './tfidf.js'

/** Weights of a multinomial logistic regression. */
export interface LogisticRegression {
  readonly classes: number
  /** Weight of column j for class k at [j * classes + k]; the last row is the intercept. */
  readonly weights: Float64Array
  /** Mean penalised loss reached, in nats. */
  readonly loss: number
  readonly iterations: number
  readonly converged: boolean
}

/** How the regression is fitted. */
export interface LogisticOptions extends MinimiseOptions {
  readonly classes: number
  /** Columns of the rows. */
  readonly features: number
  /** Strength of the penalty on the weights, from 0. */
  readonly l2: number
}

/** Writes the logits of one row into `into`: z_k = b_k + Σ_j x_j w_jk. */
const logitsInto = (
  into: Float64Array,
  { columns, values }: SparseRow,
  weights: Float64Array,
  intercept: number,
): void => {
  const classes = into.length
  for (let k = 0; k < classes; k++) into[k] = weights[intercept + k] ?? 0
  for (let i = 0; i < columns.length; i++) {
    const at = (columns[i] ?? 0) * classes
    const value = values[i] ?? 0
    for (let k = 0; k < classes; k++) into[k] = (into[k] ?? 0) + value * (weights[at + k] ?? 0)
  }
}

/** Turns logits into probabilities in place and returns log Σ exp z. */
const softmaxInPlace = (z: Float64Array): number => {
  let largest = Number.NEGATIVE_INFINITY
  for (const logit of z) if (logit > largest) largest = logit
  let sum = 0
  for (const logit of z) sum += Math.exp(logit - largest)
  const logSum = largest + Math.log(sum)
  for (let k = 0; k < z.length; k++) z[k] = Math.exp((z[k] ?? 0) - logSum)
  return logSum
}

/**
 * Penalised mean negative log likelihood as a function of the weights, with its gradient.
 *
 * L(W, b) = (1/n) Σ_i (log Σ_k exp z_ik - z_i,y_i) + (l2/2) Σ w²,   ∂L/∂z_ik = (p_ik - [k = y_i]) / n
 */
export const logisticLoss = (
  rows: readonly SparseRow[],
  labels: ArrayLike<number>,
  { classes, features, l2 }: Pick<LogisticOptions, 'classes' | 'features' | 'l2'>,
): Smooth => {
  const intercept = features * classes
  const z = new Float64Array(classes)
  return (weights, gradient) => {
    let loss = 0
    // the intercept carries no penalty
    for (let j = 0; j < intercept; j++) {
      const w = weights[j] ?? 0
      loss += 0.5 * l2 * w * w
      gradient[j] = l2 * w
    }
    gradient.fill(0, intercept)
    rows.forEach((row, i) => {
      const label = labels[i] ?? 0
      logitsInto(z, row, weights, intercept)
      const logit = z[label] ?? 0
      loss += (softmaxInPlace(z) - logit) / rows.length
      z[label] = (z[label] ?? 0) - 1
      for (let k = 0; k < classes; k++) {
        z[k] = (z[k] ?? 0) / rows.length
        gradient[intercept + k] = (gradient[intercept + k] ?? 0) + (z[k] ?? 0)
      }
      for (let e = 0; e < row.columns.length; e++) {
        const at = (row.columns[e] ?? 0) * classes
        const value = row.values[e] ?? 0
        for (let k = 0; k < classes; k++) gradient[at + k] = (gradient[at + k] ?? 0) + value * (z[k] ?? 0)
      }
    })
    return loss
  }
}

/**
 * Fits a multinomial logistic regression on sparse rows, from zero weights; the same data gives the same bits.
 *
 * @param rows [n] @param labels class of each row, [n]; from 0 to classes - 1
 * @throws RangeError if there are no rows, lengths differ, or a label is not a class
 */
export const fitLogisticRegression = (
  rows: readonly SparseRow[],
  labels: ArrayLike<number>,
  options: LogisticOptions,
): LogisticRegression => {
  const { classes, features } = options
  const bad = Array.from(labels).findIndex((label) => !Number.isInteger(label) || label < 0 || label >= classes)
  if (rows.length === 0 || rows.length !== labels.length || bad >= 0) {
    throw new RangeError(
      `fitLogisticRegression: there must be rows, each with a label from 0 to ${classes - 1}.\n` +
        `  received  rows [${rows.length}], labels [${labels.length}]${bad >= 0 ? `, labels[${bad}] = ${labels[bad]}` : ''}\n` +
        '  to do     number the classes from 0 and pass how many there are',
    )
  }
  const start = new Float64Array((features + 1) * classes)
  const { x, value, iterations, converged } = minimise(logisticLoss(rows, labels, options), start, options)
  return { classes, weights: x, loss: value, iterations, converged }
}

/**
 * Probabilities of the classes for one row, [classes].
 */
export const logisticProbabilities = ({ weights, classes }: LogisticRegression, row: SparseRow): Float64Array => {
  const z = new Float64Array(classes)
  logitsInto(z, row, weights, weights.length - classes)
  softmaxInPlace(z)
  return z
}
