KIND: str
