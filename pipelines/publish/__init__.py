"""The publication: one moment of the register as a folder of static files that holds nothing it must not.

    reading   the session → Public, through the allow-list and nothing else
    shapes    exact shapes → marks, outlines and cells on the public grid
    pages, maps, tables, feeds   Public → files, as bytes
    folder    files → a folder, its manifest and its hash
    releasing draft → decision → review → switch → rollback

Nothing below this room knows it; what is not in Public cannot be published.
"""
