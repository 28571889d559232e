def add_templates(book, lexicon, into): pass
