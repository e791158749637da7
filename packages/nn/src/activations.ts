import { gelu, geluTanh, relu, sigmoid, silu, type Tensor, tanh } from '@cotangent/core'

type Activation = (x: Tensor) => Tensor

/**
 * Activation functions, element by element, under the names that transformers' configurations use (`hidden_act`).
 *
 * - `gelu`: x Φ(x), Φ the normal distribution function
 * - `gelu_new`, `gelu_pytorch_tanh`: 0.5 x (1 + tanh(√(2/π) (x + 0.044715 x³)))
 * - `relu`: max(x, 0)
 * - `silu`, `swish`: x / (1 + e^-x)
 * - `sigmoid`, `tanh`
 *
 * @example activations.relu(array([-1, 2])) // => [0, 2]
 */
export const activations = {
  gelu,
  gelu_new: geluTanh,
  gelu_pytorch_tanh: geluTanh,
  relu,
  sigmoid,
  silu,
  swish: silu,
  tanh,
} as const satisfies Record<string, Activation>

/** A name in `activations`. */
export type ActivationName = keyof typeof activations
