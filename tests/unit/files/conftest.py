from hypothesis import settings

# How long an example takes on a busy machine says nothing; the first one pays for pyarrow's import.
settings.register_profile("files", deadline=None, max_examples=50)
settings.load_profile("files")
