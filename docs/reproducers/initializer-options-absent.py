"""initializer-options-absent: paddle >=2.6.2, <3.0. Promised: Numbers are equally likely between two bounds.
Instead: There are no functions in paddle.nn.init, and initializers have neither mode nor gain nor bounds to cut
at."""
import paddle

try:
    paddle.nn.initializer.KaimingNormal(mode="fan_out")
except TypeError as error:
    raise AssertionError(f"got {error}, expected an initializer that counts the outputs") from error
