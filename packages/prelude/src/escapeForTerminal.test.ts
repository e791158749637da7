import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { escapeForTerminal, escapeLines } from './escapeForTerminal.js'

// biome-ignore lint/suspicious/noControlCharactersInRegex: controls are what is looked for
const control = /[\u0000-\u001f\u007f-\u009f\u2028\u2029]/
// biome-ignore lint/suspicious/noControlCharactersInRegex: controls are what is looked for
const controlInLines = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u2028\u2029]/

describe('escapeForTerminal', () => {
  it('lets no control character through and leaves other text as it is', () => {
    const text = fc.string({ unit: 'binary', maxLength: 50 })
    fc.assert(
      fc.property(text, fc.constantFrom('', '\u001b[2J', '\u0090', '\u009d0;x\u0007', '\r', '\ud800'), (a, b) => {
        expect(escapeForTerminal(a + b + a)).not.toMatch(control)
        expect(escapeLines(a + b + a)).not.toMatch(controlInLines)
        expect(() => encodeURIComponent(escapeForTerminal(a + b))).not.toThrow()
      }),
      { seed: 3 },
    )
    expect(escapeForTerminal('Grüße, 日本 🙂')).toBe('Grüße, 日本 🙂')
  })

  it('cuts and counts', () => {
    expect(escapeForTerminal('abcdef', 3)).toBe('abc… (3 more characters)')
    expect(escapeForTerminal('🙂🙂', 1)).toBe('\\ud83d… (3 more characters)')
    expect(escapeForTerminal('a\u001b[31mb')).toBe('a\\x1b[31mb')
    expect(escapeLines('one\n\ttwo\u0007')).toBe('one\n\ttwo\\x07')
  })
})
