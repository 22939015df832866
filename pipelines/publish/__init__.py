"""The publication: one moment of the register as a folder of static files that holds nothing it must not.

    reading   the session → Public, through the allow-list and nothing else; exact shapes → marks, outlines, cells
    pages, maps, tables, feeds   Public → files, as bytes
    making    all files of a draft, and of the site that is made of one
    folder    files → a folder, its manifest and its hash
    releasing draft → decision → review → switch → rollback

Nothing below this room knows it; what is not in Public cannot be published.
"""
