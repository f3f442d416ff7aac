"""What a Dockerfile says: parser → instructions → stages → the recipe of one target. Pure: text in, values out."""
