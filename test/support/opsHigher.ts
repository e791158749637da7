/* Functions whose second derivatives and Jacobians the reference data holds. */
import type { Tensor } from '@cotangent/core'
import * as ct from '@cotangent/core'
import { length } from './opsTable.js'

/** Another tensor of the case, by its name. */
export type Named = (name: string) => Tensor

/** Functions with one number as result: their Hessian-vector products are compared. */
export const scalars: Readonly<Record<string, (x: Tensor, given: Named) => Tensor>> = {
  quartic: (x) => {
    const n = length(x, 0)
    const neighbours = ct.mul(ct.slice(x, [0], [n - 1]), ct.slice(x, [1], [n]))
    return ct.add(ct.sum(ct.pow(x, 4)), ct.sum(neighbours))
  },
  logistic: (x, given) => {
    const logp = ct.logSoftmax(ct.matmul(given('data'), x))
    return ct.neg(ct.div(ct.sum(ct.mul(logp, ct.oneHot(given('target'), length(x, 1)))), length(given('data'), 0)))
  },
  mlp: (x, given) => ct.mean(ct.square(ct.matmul(ct.tanh(ct.matmul(given('data'), x)), given('w')))),
  logsumexp: (x) => ct.logsumexp(ct.mul(x, 3), 0),
  layer_norm: (x, given) => ct.sum(ct.pow(ct.mul(ct.standardize(x, 1e-5), given('w')), 3)),
  gelu: (x, given) => ct.sum(ct.mul(ct.gelu(ct.matmul(given('data'), x)), given('w'))),
  attention: (x, given) =>
    ct.sum(ct.mul(ct.matmul(ct.softmax(ct.div(ct.matmul(x, ct.transpose(x)), 2)), x), given('w'))),
}

/** Functions whose Jacobians are compared. */
export const vectors: Readonly<Record<string, (x: Tensor, given: Named) => Tensor>> = {
  softmax: (x) => ct.softmax(x),
  tanh_layer: (x, given) => ct.tanh(ct.matmul(given('w'), x)),
  normalise: (x) => ct.div(x, ct.sqrt(ct.sum(ct.square(x)))),
  layer_norm: (x) => ct.standardize(x, 1e-5),
  matrix: (x) => ct.matmul(x, ct.transpose(x)),
  singular_values: (x) => ct.singularValues(x),
}

/** Loss of one example of a network of two layers, with a norm between them. */
export const networkLoss = (params: readonly Tensor[], x: Tensor, label: Tensor): Tensor => {
  const [w0, b0, scale, shift, w3, b3] = params
  if (!w0 || !b0 || !scale || !shift || !w3 || !b3) throw new Error('six parameters')
  const hidden = ct.gelu(ct.add(ct.matmul(w0, x), b0))
  const normal = ct.add(ct.mul(ct.standardize(hidden, 1e-5), scale), shift)
  const logits = ct.add(ct.matmul(w3, normal), b3)
  return ct.neg(ct.sum(ct.mul(ct.logSoftmax(logits), ct.oneHot(label, logits.size))))
}
