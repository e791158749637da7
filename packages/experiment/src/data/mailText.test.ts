import { fc, test } from '@fast-check/vitest'
import { describe, expect, it } from 'vitest'
import { cleanBody, cleanSubject, longestText, mailText, normalise } from './mailText.js'

describe('cleanSubject', () => {
  it.each([
    ['Re: [ILUG] Sun Solaris..', 'Sun Solaris..'],
    ['[ILUG] Re: [ILUG] Re[2]: dial on demand', 'dial on demand'],
    ['Fwd: RE: [Razor-users] What is wrong', 'What is wrong'],
    ['[SAdev] Re: [Razor-users] Mutating spam', 'Mutating spam'],
    ['Re: [zzzzteana] Fwd: Explorator 5.15', 'Explorator 5.15'],
    ['Big jump (was Re: [SAtalk] whatever)', 'Big jump (was Re: whatever)'],
    ['AW: Antw: Fork() in C', '<list>() in C'],
    ['  Reading   room ', 'Reading room'],
    ['', ''],
  ])('%j becomes %j', (subject, expected) => {
    expect(cleanSubject(subject)).toBe(expected)
  })
})

describe('cleanBody', () => {
  it('leaves out the footer of a mailman list, with its rule and its address', () => {
    const footer = [
      '_______________________________________________',
      'Razor-users mailing list',
      'Razor-users@lists.sourceforge.net',
      'https://lists.sourceforge.net/lists/listinfo/razor-users',
    ]
    expect(cleanBody(['It works now.', '', ...footer, ''].join('\n'))).toBe('It works now.')
    expect(cleanBody(['Before', ...footer, 'after'].join('\n'))).toBe('Before after')
  })

  it("leaves out the host's advertisement between text and footer", () => {
    const body = [
      'No idea.',
      '',
      '-------------------------------------------------------',
      'This sf.net email is sponsored by: OSDN - Tired of that same old',
      'cell phone?  Get a new here for FREE!',
      'https://www.inphonic.com/r.asp?r=sourceforge1&refcode1=vs3390',
      '_______________________________________________',
      'Spamassassin-talk mailing list',
      'Spamassassin-talk@lists.sourceforge.net',
      'https://lists.sourceforge.net/lists/listinfo/spamassassin-talk',
    ]
    expect(cleanBody(body.join('\n'))).toBe('No idea.')
  })

  it("leaves out the footers of the Linux users' list and of Yahoo groups", () => {
    const ilug = [
      'Hi all',
      '-- ',
      "Irish Linux Users' Group: ilug@linux.ie",
      'http://www.linux.ie/mailman/listinfo/ilug for (un)subscription information.',
      'List maintainer: listmaster@linux.ie',
    ]
    expect(cleanBody(ilug.join('\n'))).toBe('Hi all')
    const yahoo = [
      'A goat was seen.',
      '------------------------ Yahoo! Groups Sponsor ---------------------~-->',
      '4 DVDs Free +s&p Join Now',
      'http://us.click.yahoo.com/pt6YBB/NXiEAA/mG3HAA/7gSolB/TM',
      '---------------------------------------------------------------------~->',
      '',
      'To unsubscribe from this group, send an email to:',
      'forteana-unsubscribe@egroups.com',
      '',
      'Your use of Yahoo! Groups is subject to http://docs.yahoo.com/info/terms/ ',
    ]
    expect(cleanBody(yahoo.join('\n'))).toBe('A goat was seen.')
  })

  it('leaves out quotes and the lines that lead them in', () => {
    expect(cleanBody('On Monday, Ann wrote:\n> why?\n>> how?\n\nBecause.')).toBe('Because.')
    expect(cleanBody('From: Ann <a@b.org>\nDate: Mon, 2 Sep 2002\n\n| why?\n\nBecause.')).toBe('Because.')
    expect(cleanBody('Yes.\n\n-----Original Message-----\nFrom: Ann\nTo: ilug@linux.ie\n\nwhy?')).toBe('Yes.')
  })

  it('keeps a sentence that only looks like the start of a quote', () => {
    expect(cleanBody('This is what he wrote:\nnothing at all')).toBe('This is what he wrote: nothing at all')
  })

  it('keeps quotes, without their marks, where there is nothing else', () => {
    expect(cleanBody('> > it snows\n> in June')).toBe('it snows in June')
    expect(cleanBody('-----Original Message-----\nSubject: help\n\nplease')).toContain('please')
  })

  it('leaves out signatures and PGP', () => {
    expect(cleanBody('Yes.\n-- \nBob\nhttp://bob.org')).toBe('Yes.')
    expect(
      cleanBody(
        '-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA1\n\nYes.\n-----BEGIN PGP SIGNATURE-----\niD8DBQE9\n-----END PGP SIGNATURE-----',
      ),
    ).toBe('Yes.')
  })

  it('takes a long text after a drawn line for text', () => {
    const long = Array.from({ length: 20 }, (_, i) => `line ${i}`).join('\n')
    expect(cleanBody(`Top\n--\n${long}`)).toContain('line 19')
  })

  it("leaves out the gateway's header of a feed", () => {
    expect(cleanBody('URL: http://boingboing.net/#85534328\nDate: Not supplied\n\nA goat.')).toBe('A goat.')
  })
})

describe('normalise', () => {
  it.each([
    ['see http://xent.com/mailman/x, or www.linux.ie/a?b=c.', 'see <url> or <url>'],
    ['<mailto:rah@ibuc.com> fork@xent.com', '<<url>> <email>'],
    ['exmh-workers@spamassassin.taint.org', '<email>'],
    ['jm (at) jmason.org', '<email>'],
    ['get it at freshrpms.net/builds or kuro5hin.org', 'get it at <url> or <url>'],
    ['on FoRK, ilug and razor-users', 'on <list>, <list> and <list>'],
    ['a razor, an rpm, exmh 2.5', 'a razor, an rpm, exmh 2.5'],
    ['a\u0000b\tc\n\nd\u00a0e', 'ab c d e'],
  ])('%j becomes %j', (text, expected) => {
    expect(normalise(text)).toBe(expected)
  })
})

describe('mailText', () => {
  test.prop([fc.string({ unit: 'binary' }), fc.string({ unit: 'binary', maxLength: 6000 })], { numRuns: 200, seed: 1 })(
    'is a well-formed subject line and body line of limited length',
    (subject, body) => {
      const text = mailText(subject, body)
      expect(text.length).toBeLessThanOrEqual(longestText)
      expect(text.split('\n').length).toBeLessThanOrEqual(2)
      expect(text).not.toMatch(/\p{Surrogate}/u)
    },
  )

  it('takes hostile repetition in linear time', () => {
    const piece = 'a'.repeat(20_000)
    for (const hostile of [
      piece,
      '-'.repeat(20_000),
      'a.'.repeat(20_000),
      '> '.repeat(20_000),
      '_\n'.repeat(20_000),
      '[x] '.repeat(5_000),
    ])
      expect(mailText(hostile, hostile).length).toBeLessThanOrEqual(longestText)
  })
})
