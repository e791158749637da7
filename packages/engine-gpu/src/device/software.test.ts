import { expect, test } from 'vitest'
import { isSoftware } from './software.js'

test.each([
  ['ANGLE (Google, Vulkan 1.3.0 (SwiftShader Device (Subzero) (0x0000C0DE)), SwiftShader driver)', true],
  ['llvmpipe (LLVM 15.0.6, 256 bits)', true],
  ['Microsoft Basic Render Driver', true],
  ['NVIDIA GeForce RTX 4070', false],
  ['ANGLE (Apple, ANGLE Metal Renderer: Apple M2, Unspecified Version)', false],
  ['AMD Radeon Warpath', false],
])('%s: a program on the processor? %s', (name, software) => {
  expect(isSoftware('', name)).toBe(software)
})
