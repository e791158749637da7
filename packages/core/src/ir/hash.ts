import type { IR } from './ir.js'
import { printIR } from './print.js'

/** 128 bits of a text, as hexadecimal: four lanes of multiply and xor (the finaliser of MurmurHash3). */
export const hashText = (text: string): string => {
  const lanes = [0x9e3779b9, 0x85ebca6b, 0xc2b2ae35, 0x27d4eb2f]
  return lanes
    .map((seed) => {
      let h = seed
      for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), seed | 1) ^ (h >>> 15)
      h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
      h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
      return ((h ^ (h >>> 16)) >>> 0).toString(16).padStart(8, '0')
    })
    .join('')
}

/** Equal for programs that print alike: the same equations and avals, whatever the variables' ids. */
export const hashIR = (ir: IR): string => hashText(printIR(ir))
