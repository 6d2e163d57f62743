"""GNU Radio blocks, one a file; each adapts what runs without GNU Radio, too."""
