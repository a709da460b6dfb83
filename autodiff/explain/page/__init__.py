"""The page: the story, the code and the picture in one file that needs nothing else, from disk, without a network.

- `writing`: how the page is put together.
- `code`: the user's own lines, those that the story speaks of.
- `moment`: a moment as HTML, readable without the script.
- `files`: the HTML, style and script that stand beside these modules.
- `picture`: a picture as a page of its own.
- `drawing`: the pictures of the page, the whole and the insides of folded boxes.
- `folds`: the moments of a folded box as one.
- `pool`: every tensor once, as numbers that the script draws.
"""
